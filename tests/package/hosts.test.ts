// No entry needs, when it is imported, a global that a host may lack, and none changes one. What
// needs a global that is not there says so when it is called.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
  exports: Record<string, string | { default: string }>;
};

/** The entries that are JavaScript for any host. */
const ENTRIES = Object.entries(exports).flatMap(([entry, target]) => {
  const isCode = typeof target === "object" && target.default.endsWith(".js");
  return isCode && entry !== "./module" ? [`ptmalloc-wasm${entry.slice(1)}`] : [];
});

/** What AudioWorklets, jsdom, node:vm or old runtimes lack. */
const MISSING = [
  ...["TextDecoder", "TextEncoder", "URL", "fetch", "Response", "Request", "Headers", "Blob"],
  ...["atob", "btoa", "performance", "crypto", "navigator", "queueMicrotask", "structuredClone"],
  ...["setTimeout", "clearTimeout", "setInterval", "setImmediate", "AbortController", "WeakRef"],
  ...["FinalizationRegistry", "BroadcastChannel", "MessageChannel", "SharedArrayBuffer", "Atomics"],
];

const BEGIN = `
const print = console.log;
const { readFileSync } = process.getBuiltinModule("node:fs");
const wasm = readFileSync("build/core.ilp32.wasm");
process.getBuiltinModule = undefined;
for (const name of ${JSON.stringify(MISSING)}) delete globalThis[name];
const said = async (call) => {
  try { return await call(); } catch (error) { return error.name + ": " + error.message; }
};
`;

function run(program: string): unknown {
  const args = ["--input-type=module", "-e", BEGIN + program];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" }));
}

describe("where globals are missing", () => {
  it("there are entries to look at", () => {
    expect(ENTRIES).toContain("ptmalloc-wasm");
    expect(ENTRIES.length).toBeGreaterThanOrEqual(9);
  });

  it.each(ENTRIES)("%s is imported, and adds no global nor changes one", (entry) => {
    const program = `
      const owned = (object, path) => Reflect.ownKeys(object).map((key) =>
        [path + String(key), Object.getOwnPropertyDescriptor(object, key)]);
      const isObject = (value) => typeof value === "function" || Object(value) === value;
      // The globals, what they have, and what their prototypes have.
      const all = () => owned(globalThis, "").flatMap((one) => {
        const [name, { value }] = one;
        if (!isObject(value) || value === globalThis || name === "process") return [one];
        const { prototype } = value;
        const inherited = isObject(prototype) ? owned(prototype, name + ".prototype.") : [];
        return [one, ...owned(value, name + "."), ...inherited];
      });
      const before = new Map(all());
      const found = Object.keys(await import("${entry}")).length;
      const isSame = (one, other) =>
        other !== undefined && ["value", "get", "set"].every((key) => Object.is(one[key], other[key]));
      const changed = all().filter(([name, now]) => !isSame(now, before.get(name)));
      print(JSON.stringify([found > 0, changed.map(([name]) => name)]));`;
    expect(run(program)).toEqual([true, []]);
  });

  it.each(["ptmalloc-wasm", "ptmalloc-wasm/core", "ptmalloc-wasm/wasm"])("%s makes heaps", (at) => {
    const program = `
      const { createHeap, createHeapSync } = await import("${at}");
      const module = new WebAssembly.Module(wasm);
      print(JSON.stringify([
        createHeapSync({ wasm }).malloc(100) % 16,
        createHeapSync({ wasm: module }).malloc(100) % 16,
        (await createHeap({ wasm })).malloc(100) % 16,
      ]));`;
    expect(run(program)).toEqual([0, 0, 0]);
  });

  it("what needs one of them names it", () => {
    const program = `
      const { createHeap, createHeapSync } = await import("ptmalloc-wasm");
      const threads = await import("ptmalloc-wasm/threads");
      print(JSON.stringify([
        await said(() => createHeapSync().malloc(100) % 16),
        await said(() => createHeapSync().newCString("abc")),
        await said(() => createHeapSync().cString(createHeapSync().calloc(1, 1))),
        await said(() => createHeapSync({ randomize: true })),
        await said(() => createHeapSync({ abi: "lp64" })),
        await said(() => createHeap({ wasm: "https://localhost/core.wasm" })),
        await said(() => threads.createHeapSync()),
      ]));`;
    expect(run(program)).toEqual([
      0,
      "Error: this needs TextEncoder, which there is not here",
      "Error: this needs TextDecoder, which there is not here",
      "Error: this needs crypto, which there is not here",
      expect.stringMatching(/this needs URL, which there is not here/),
      expect.stringMatching(/this needs URL, which there is not here/),
      "Error: threads need shared memory, and there is no SharedArrayBuffer here",
    ]);
  });
});
