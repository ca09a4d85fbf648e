// A class is the same class whichever entry of the package it comes from, and whichever of them
// made what throws it: `instanceof` works across entries. Tried on dist/, in a process of its own.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a module that imports the package by its names. @returns what it prints, as JSON */
function printed(program: string): unknown {
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: root,
    encoding: "utf8",
  });
  return JSON.parse(output);
}

it("what one entry throws is an instance of the class that another exports", () => {
  const program = `
    import { readFileSync } from "node:fs";
    import * as main from "ptmalloc-wasm";
    import * as core from "ptmalloc-wasm/core";
    import * as wasm from "ptmalloc-wasm/wasm";
    import * as threads from "ptmalloc-wasm/threads";
    import { createDebugHeapSync } from "ptmalloc-wasm/debug";
    import { openHeapImageSync, MemoryFile } from "ptmalloc-wasm/image";
    import { startKernelSync } from "ptmalloc-wasm/kernel";
    const heaps = {
      main: main.createHeapSync(),
      core: core.createHeapSync({ wasm: readFileSync("build/core.ilp32.wasm") }),
      wasm: wasm.createHeapSync(),
      threads: threads.createHeapSync(),
      debug: createDebugHeapSync(),
      image: openHeapImageSync(new MemoryFile()).heap,
    };
    const found = {};
    for (const [name, heap] of Object.entries(heaps)) {
      const errors = [];
      for (const act of [() => heap.raw.free(heap.malloc(40) + 8), () => heap.malloc(1)]) {
        try {
          act();
        } catch (error) {
          errors.push(error);
        }
      }
      found[name] = [
        errors[0] instanceof main.HeapAbort,
        errors[1] instanceof main.HeapDeadError,
        heap instanceof main.CoreHeap,
        heap.process instanceof main.CoreProcess,
      ];
    }
    found.kernel = [startKernelSync().process instanceof main.Process];
    console.log(JSON.stringify(found));`;
  const all = [true, true, true, true];
  expect(printed(program)).toEqual({
    main: all,
    core: all,
    wasm: all,
    threads: all,
    debug: all,
    image: all,
    kernel: [true],
  });
});

it("all entries that export a name export one thing", () => {
  const program = `
    const names = "core wasm threads inspect link kernel image debug".split(" ");
    const things = new Map();
    const twice = [];
    for (const name of ["", ...names.map((entry) => "/" + entry)])
      for (const [key, value] of Object.entries(await import("ptmalloc-wasm" + name))) {
        // createHeap is each entry's own.
        if (/^(create|start)/.test(key) || key.length < 3) continue;
        if (things.has(key) && things.get(key) !== value) twice.push(key);
        things.set(key, value);
      }
    console.log(JSON.stringify({ twice, many: things.size > 100 }));`;
  expect(printed(program)).toEqual({ twice: [], many: true });
});
