// A heap that runs in Node.js, seen in the explorer; and the element for other people's pages.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createHeap } from "../../src/index.js";
import { connectExplorer } from "../../src/inspect.js";
import { describePages } from "../browser/pages.js";
import { DESK, serveSite, whyText } from "./site.js";

describePages("a heap somewhere else", (open) => {
  let site: Awaited<ReturnType<typeof serveSite>> | undefined;
  beforeAll(async () => {
    site = await serveSite();
  });
  afterAll(() => site?.close());

  it("in Node.js, is shown as it changes", async () => {
    const heap = await createHeap();
    const own = Object.keys(heap);
    const connection = connectExplorer(heap, { name: "my heap" });
    await connection.ready;
    const { page, problems } = await open(`${site!.url}${connection.query}`, DESK);
    await page.waitForSelector(".sentence");
    expect(await page.locator(".sentence").innerText()).toContain("my heap");
    const block = heap.malloc(1000);
    await expect
      .poll(() => whyText(page), { timeout: 15_000 })
      .toContain(`malloc(1000) = 0x${block.toString(16)}`);
    connection.close();
    expect(Object.keys(heap)).toEqual(own);
    expect(Object.hasOwn(heap, "malloc")).toBe(false);
    await page.close();
    expect(problems.filter((one) => !one.includes("ERR_CONNECTION_REFUSED"))).toEqual([]);
  });

  it("in a page, too, over a channel", async () => {
    const { page, problems } = await open(`${site!.url}?attach`, DESK);
    await page.evaluate(`(async () => {
      const channel = new BroadcastChannel("ptmalloc-wasm explorer");
      channel.postMessage({ kind: "snapshot", text: "no JSON" });
    })()`);
    await expect.poll(() => page.locator(".problem").innerText()).toContain("the attached heap");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("is an element of an article", async () => {
    const article = `<!doctype html><title>article</title><link rel="icon" href="data:,"><script type="module"
      src="heap-explorer.js"></script><heap-explorer trace="git-log" at="300" view="lists">`;
    writeFileSync(join(site!.folder, "article.html"), article);
    const { page, problems } = await open(`${site!.url}article.html`, DESK);
    const frame = page.frameLocator("iframe");
    await frame.locator(".why .call").waitFor();
    expect(await frame.getByRole("tab", { selected: true }).innerText()).toBe("Lists");
    expect(await frame.locator(".top-bar").count()).toBe(0);
    expect(problems).toEqual([]);
    await page.close();
  });
});
