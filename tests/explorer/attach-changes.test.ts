// A heap of many megabytes in another page, seen over a BroadcastChannel: what goes to the explorer
// is what has changed. And one in Node.js whose guest module's calls are seen.

import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createHeap } from "../../src/index.js";
import { connectExplorer } from "../../src/inspect.js";
import { heapOptionsFor, linkGuest } from "../../src/link.js";
import { describePages } from "../browser/pages.js";
import { assemble, IMPORTS } from "../link/wat.js";
import { DESK, serveSite, whyText } from "./site.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What runs in the other page. */
const LIVE = `
  import { createHeap } from "./src/index.ts";
  import { connectExplorer } from "./src/inspect.ts";
  const wasm = await (await fetch("core.ilp32.wasm")).arrayBuffer();
  const heap = await createHeap({ wasm });
  const blocks = Array.from({ length: 50_000 }, () => heap.malloc(1000));
  for (const block of blocks) heap.u8(block, 1000).fill(7);
  const sizes = [];
  const channel = new BroadcastChannel("ptmalloc-wasm explorer");
  channel.onmessage = ({ data }) => data.bytes && sizes.push(data.bytes.length);
  Object.assign(globalThis, { heap, blocks, sizes, connection: connectExplorer(heap) });
`;

describePages("a heap somewhere else sends its changes", (open) => {
  let site: Awaited<ReturnType<typeof serveSite>> | undefined;
  beforeAll(async () => {
    site = await serveSite();
    cpSync(join(root, "build/core.ilp32.wasm"), join(site.folder, "core.ilp32.wasm"));
    const script = '<script type="module" src="live.js"></script>';
    writeFileSync(join(site.folder, "live.html"), `<!doctype html><title>live</title>${script}`);
    await build({
      stdin: { contents: LIVE, resolveDir: root, loader: "ts" },
      outfile: join(site.folder, "live.js"),
      ...{ bundle: true, format: "esm", platform: "browser", target: "es2022" },
      logLevel: "error",
    });
  });
  afterAll(() => site?.close());

  it("of another page: 50 MB once, then some pages", async () => {
    const { page, problems } = await open(`${site!.url}?attach`, DESK);
    await page.evaluate(`document.body.append(
      Object.assign(document.createElement("iframe"), { src: "live.html", name: "live" }))`);
    await page.waitForFunction("frames.live?.connection !== undefined");
    const live = page.frame("live")!;
    await page.waitForSelector(".sentence", { timeout: 30_000 });
    const address = await live.evaluate<number>("heap.malloc(77)");
    await expect
      .poll(() => whyText(page), { timeout: 30_000 })
      .toContain(`malloc(77) = 0x${address.toString(16)}`);
    await live.evaluate("heap.free(blocks[10])");
    await expect.poll(() => whyText(page), { timeout: 30_000 }).toContain("free(0x");
    const sizes = await live.evaluate<number[]>("sizes");
    // The other page hears what its own connection sends.
    expect(sizes[0]).toBeGreaterThan(50e6);
    expect(Math.max(...sizes.slice(1))).toBeLessThan(50_000);
    expect(sizes.length).toBe(3);
    await page.keyboard.press("Home");
    await expect.poll(() => whyText(page)).not.toContain("free(0x");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("of Node.js, whose guest's calls are seen", async () => {
    const bytes = assemble(`(module ${IMPORTS} (memory (export "memory") 2)
      (global (export "__heap_base") i32 (i32.const 4096))
      (func (export "make") (param i32) (result i32) (call $malloc (local.get 0))))`);
    const heap = await createHeap(heapOptionsFor(bytes));
    const connection = connectExplorer(heap, { name: "a guest's heap" });
    await connection.ready;
    const { exports } = await linkGuest(bytes, connection);
    const { page } = await open(`${site!.url}${connection.query}`, DESK);
    await page.waitForSelector(".sentence");
    const block = (exports as { make: (bytes: number) => number }).make(123);
    await expect
      .poll(() => whyText(page), { timeout: 15_000 })
      .toContain(`malloc(123) = 0x${block.toString(16)}`);
    connection.close();
    await page.close();
  });
});
