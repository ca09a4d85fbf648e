// Hosts whose objects are of another realm, or whose intrinsics are frozen: test runners, SES, and
// AudioWorklets, which lack most of what pages have. The package is as npm installs it.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isDue } from "../support/campaign.js";
import { Listener, reportOf } from "./browsers.js";
import { Site } from "./site.js";
import { haveAll, linkTools, placeOf } from "./tools.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Tests as a user writes them; what they find is the same in every host. */
const TESTS = `
import { createHeap, createHeapSync, startProcessSync } from "ptmalloc-wasm";
import { createDebugHeapSync } from "ptmalloc-wasm/debug";
import { MemoryFile, openHeapImage } from "ptmalloc-wasm/image";
import { startKernel } from "ptmalloc-wasm/kernel";
import { linkGuestSync } from "ptmalloc-wasm/link";
import { createHeapSync as createThreaded } from "ptmalloc-wasm/threads";

test("README's first lines", async () => {
  const heap = await createHeap();
  const block = heap.malloc(100);
  expect(heap.u8(block, 100).length).toBe(100);
  heap.u8(block, 4)[0] = 7;
  expect(heap.u8(block, 4)[0]).toBe(7);
  expect(heap.hasStableViews).toBe(false);
});
test("text", () => {
  const heap = createHeapSync();
  expect(heap.cString(heap.newCString("h\\u00e9llo"))).toBe("h\\u00e9llo");
});
test("a memory of one's own", () => {
  const memory = new WebAssembly.Memory({ initial: 32, maximum: 64 });
  const heap = createHeapSync({ memory });
  const block = heap.malloc(10);
  heap.u8(block, 3).set([1, 2, 3]);
  expect([...new Uint8Array(memory.buffer, block, 3)]).toEqual([1, 2, 3]);
  expect(() => createHeapSync({ memory })).toThrow(/there is a heap in the memory/);
});
test("structs, scopes, many blocks, growth", () => {
  const heap = createHeapSync();
  const Player = heap.struct({ id: "u32", name: "char[16]" });
  const player = Player.alloc({ id: 7, name: "Ada" });
  const blocks = heap.mallocMany([1_000_000, 2_000_000, 3_000_000]);
  expect([player.id, player.name, blocks.length]).toEqual([7, "Ada", 3]);
  expect(heap.withScope((scope) => scope.alloc(Float64Array, 3).view.length)).toBe(3);
});
test("a trap, and what ends a heap", () => {
  const heap = createHeapSync();
  const block = heap.malloc(24);
  heap.free(block);
  expect(() => heap.free(block)).toThrow("free(): double free detected in tcache 2");
  expect(() => heap.malloc(8)).toThrow(/ended|dead|double free/);
});
test("threads, in shared memory", () => {
  const memory = new WebAssembly.Memory({ initial: 32, maximum: 1000, shared: true });
  const heap = createThreaded({ memory, taskSize: 1000 * 65536 });
  const block = heap.malloc(300_000);
  heap.u8(block, 2).set([5, 6]);
  expect([...heap.u8(block, 2)]).toEqual([5, 6]);
  expect(heap.cString(heap.newCString("abc"))).toBe("abc");
});
test("guests", () => {
  // (module (import "env" "malloc" (func (param i32) (result i32))) (export "get" (func 0)))
  const bytes = Uint8Array.of(
    0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 2, 14, 1, 3, 101, 110, 118, 6,
    109, 97, 108, 108, 111, 99, 0, 0, 7, 7, 1, 3, 103, 101, 116, 0, 0);
  const { exports } = linkGuestSync(bytes, createHeapSync());
  expect(exports.get(100) % 16).toBe(0);
  expect(exports.get(100)).toBeGreaterThan(0);
});
test("the other entries", async () => {
  const heap = createDebugHeapSync({ leaks: "ignore" });
  const block = heap.malloc(8);
  expect(() => heap.store("u32", block + 8, 1)).toThrow(/heap-buffer-overflow/);
  const image = await openHeapImage(new MemoryFile());
  image.root = image.heap.newCString("still here");
  image.close();
  const kernel = await startKernel();
  const page = kernel.mmap(0, 4096);
  kernel.write(page, [1, 2, 3]);
  expect([...kernel.read(page, 3)]).toEqual([1, 2, 3]);
  expect(startProcessSync({ build: "checked" }).malloc(10) % 16).toBe(0);
});
`;

/** The same tests without a test runner: it prints the names of those that went well. */
const RUNNER = `
const tests = [];
globalThis.test = (name, body) => tests.push([name, body]);
const { strict: assert } = await import("node:assert");
const same = (got, wanted) => assert.deepEqual(got, wanted);
globalThis.expect = (got) => ({
  toBe: (wanted) => same(got, wanted),
  toEqual: (wanted) => same(got, wanted),
  toBeGreaterThan: (least) => assert.ok(got > least),
  toThrow: (message) => assert.throws(got, (error) =>
    typeof message === "string" ? error.message.includes(message) : message.test(error.message)),
});
await import("./heaps.test.js");
for (const [name, body] of tests) {
  await body();
  console.log(name);
}
`;

const NAMES = [...TESTS.matchAll(/^test\("(.*?)"/gm)].map(([, name]) => name!);

let site: Site;

beforeAll(() => {
  site = new Site();
  writeFileSync(join(site.folder, "heaps.test.js"), TESTS);
  writeFileSync(join(site.folder, "run.js"), RUNNER);
});

afterAll(() => {
  site.remove();
});

/** @returns what a program of Node.js prints */
function node(args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  return execFileSync(process.execPath, args, {
    cwd: site.folder,
    encoding: "utf8",
    stdio: "pipe",
    env: { ...process.env, NODE_OPTIONS: "", FORCE_COLOR: "0", CI: "1", ...env },
  });
}

it("plain Node.js", () => {
  expect(node(["run.js"]).trim().split("\n")).toEqual(NAMES);
});

it("Node.js with frozen intrinsics", () => {
  const output = node(["--no-warnings", "--frozen-intrinsics", "run.js"]);
  expect(output.trim().split("\n")).toEqual(NAMES);
});

describe.skipIf(!haveAll("SES", ["jest"]))("SES", () => {
  it.each(["before", "after"])("lockdown %s the package is imported", (when) => {
    linkTools(site.folder, ["ses"]);
    const imports = 'import "ptmalloc-wasm"; import "ptmalloc-wasm/debug";\n';
    const lockdown = 'lockdown({ errorTaming: "unsafe", consoleTaming: "unsafe" });\n';
    const program = `import "ses";\n${when === "after" ? imports : ""}${lockdown}${RUNNER}`;
    writeFileSync(join(site.folder, "locked.js"), program);
    expect(node(["locked.js"]).trim().split("\n")).toEqual(NAMES);
    rmSync(join(site.folder, "node_modules/ses"));
  });
});

describe.skipIf(!haveAll("Jest", ["jest"]))("Jest", () => {
  it.each(["node", "jsdom"])("the environment %s", (environment) => {
    const jest = join(root, "tests/consumers/node_modules/jest/bin/jest.js");
    const of = join(root, `tests/consumers/node_modules/jest-environment-${environment}`);
    const config = {
      testMatch: ["**/*.test.js"],
      testEnvironment: of,
      transform: {},
      rootDir: site.folder,
    };
    const report = join(site.out("jest"), `${environment}.json`);
    const output = ["--json", `--outputFile=${report}`];
    try {
      node([jest, "--config", JSON.stringify(config), "--no-cache", "-i", ...output], {
        NODE_OPTIONS: "--experimental-vm-modules --no-warnings",
      });
    } catch (error) {
      throw new Error((error as { stderr: string }).stderr, { cause: error });
    }
    expect(node(["-p", `require("${report}").numPassedTests`]).trim()).toBe(String(NAMES.length));
  });
});

describe("Vitest", () => {
  const isLong = isDue("Vitest: the pools vmForks and threads", "they take long to start");

  it.each(isLong ? ["vmThreads", "vmForks", "threads"] : ["vmThreads"])("the pool %s", (pool) => {
    const folder = join(site.folder, `vitest-${pool}`);
    mkdirSync(folder);
    cpSync(join(site.folder, "heaps.test.js"), join(folder, "heaps.test.js"));
    const modules = join(site.folder, "node_modules/vitest");
    rmSync(modules, { force: true });
    symlinkSync(join(root, "node_modules/vitest"), modules);
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const args = ["run", "--root", folder, "--globals", "--pool", pool, "--reporter=json"];
    const output = node([vitest, ...args]);
    const report = JSON.parse(output.slice(output.indexOf("{"))) as object;
    expect(report).toMatchObject({ success: true, numPassedTests: NAMES.length });
  });
});

describe.skipIf(!haveAll("64-bit memories", ["node24"]))("a 64-bit memory", () => {
  it("is refused by name", () => {
    const program = `
      import { createHeapSync } from "ptmalloc-wasm";
      const memory = new WebAssembly.Memory({ address: "i64", initial: 4n, maximum: 99n });
      try { createHeapSync({ memory }); } catch ({ message }) { console.log(message); }`;
    const args = ["--input-type=module", "-e", program];
    const output = execFileSync(placeOf("node24")!, args, { cwd: site.folder, encoding: "utf8" });
    expect(output).toBe('option "memory" must have 32-bit addresses, not 64\n');
  });
});

/** Says what the heaps of an AudioWorklet say. */
const PROCESSOR = `
import { createHeapSync } from "/node_modules/ptmalloc-wasm/dist/index.js";
import { createHeapSync as createCoreHeapSync } from "/node_modules/ptmalloc-wasm/dist/core.js";
const said = (call) => {
  try { return call(); } catch (error) { return error.name + ": " + error.message; }
};
registerProcessor("heaps", class extends AudioWorkletProcessor {
  constructor({ processorOptions: { bytes, module } }) {
    super();
    this.port.postMessage([
      said(() => createCoreHeapSync({ wasm: bytes }).malloc(100) % 16),
      said(() => createCoreHeapSync({ wasm: module }).malloc(100) % 16),
      said(() => createHeapSync().malloc(100) % 16),
      said(() => createHeapSync({ wasm: module }).load("u8", createHeapSync().calloc(1, 1))),
      said(() => createHeapSync().newCString("abc")),
      said(() => createHeapSync({ wasm: "core.wasm" })),
    ]);
  }
  process() { return true; }
});`;

const PAGE = `<!doctype html><script type="module">
const bytes = await (await fetch("/node_modules/ptmalloc-wasm/build/core.ilp32.wasm")).arrayBuffer();
const report = (text) =>
  fetch(new URLSearchParams(location.search).get("report"), { method: "POST", body: text });
try {
  const context = new OfflineAudioContext(1, 128, 44100);
  await context.audioWorklet.addModule("/processor.js");
  const module = await WebAssembly.compile(bytes);
  const node = new AudioWorkletNode(context, "heaps", { processorOptions: { bytes, module } });
  node.port.onmessage = ({ data }) => report(JSON.stringify(data));
} catch (error) {
  report(JSON.stringify(String(error)));
}
</script>`;

describe.skipIf(!haveAll("AudioWorklet", ["chromium"]))("AudioWorklet", () => {
  it("imports the entries, makes heaps, and says what it lacks", async () => {
    writeFileSync(join(site.folder, "processor.js"), PROCESSOR);
    writeFileSync(join(site.folder, "audio.html"), PAGE);
    const listener = await new Listener(site.folder).listen();
    try {
      const page = `${listener.origin}/audio.html`;
      expect(await reportOf("chromium", page, listener)).toEqual([
        ...[0, 0, 0, 0],
        "Error: this needs TextEncoder, which there is not here",
        expect.stringMatching(/this needs URL|SharedArrayBuffer|no URL/),
      ]);
    } finally {
      listener.close();
    }
  });
});
