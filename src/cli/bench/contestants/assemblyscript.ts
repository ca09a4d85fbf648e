// AssemblyScript's own allocators, compiled by the same compiler into the same replay loop, and the
// loop by itself. Below their heap are the operations and the table of blocks: each is there twice,
// above a small space and above a large one.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Contestant, LabTrace, Racer, RacerHeap } from "../contestant.js";
import { WASM_PAGE_SIZE } from "../../../layout/generated.js";
import { packageRoot, packageVersion } from "../../package-root.js";
import { timedPass, timedSlices, timedStartUp } from "../slices.js";

/** Of AssemblyScript, as package.json pins it. */
const VERSION = "0.28.20";
const OPERATIONS = WASM_PAGE_SIZE;
/** Where their heaps begin: PEER_HEAP_BASE and LARGE_PEER_HEAP_BASE of tools/builds.mjs. */
const BASES = { "": 8 << 20, "-large": 256 << 20 } as const;
const MOST_PAGES = 65_536;
/** Bytes above where the control's heap begins, for the last byte of blocks that are not there. */
const CONTROL_BYTES = 1 << 30;

interface Exports {
  malloc(bytes: number): number;
  replay_touching(begin: number, end: number, blocks: number): number;
  release_all(blocks: number, slots: number): void;
}

/** AssemblyScript's allocators, and the control. */
export const assemblyScript: readonly Contestant[] = [
  {
    name: "tlsf",
    title: "AssemblyScript TLSF",
    group: "wasm",
    about: "of asc --runtime minimal and incremental; aligns to 16, checks nothing",
    source: "npm assemblyscript",
    abilities: ["frees", "from-js", "assemblyscript"],
    control: "nothing",
    prepare: () => Promise.resolve(racer("tlsf")),
  },
  {
    name: "stub",
    title: "AssemblyScript stub",
    group: "wasm",
    about: "of asc --runtime stub; a pointer that moves on, nothing is freed before all is",
    source: "npm assemblyscript",
    abilities: ["from-js", "assemblyscript"],
    control: "nothing",
    prepare: () => Promise.resolve(racer("stub")),
  },
  {
    name: "nothing",
    title: "no allocator (AssemblyScript)",
    group: "control",
    about: "the loop itself: every block lies in the same 256 KiB",
    source: "this package",
    abilities: [],
    control: null,
    prepare: () => Promise.resolve(racer("nothing")),
  },
];

function racer(name: "tlsf" | "stub" | "nothing"): Racer {
  const isControl = name === "nothing";
  const more = isControl ? CONTROL_BYTES : 0;
  const variants = Object.entries(BASES).map(([suffix, base]) => {
    const code = readFileSync(join(packageRoot(), "build", "peers", `${name}${suffix}.wasm`));
    return { code, module: new WebAssembly.Module(code), base };
  });
  const { code, base } = variants[0]!;
  return {
    version: isControl ? packageVersion() : `AssemblyScript ${VERSION}`,
    code,
    start(lab) {
      const fitting = variants.find((one) => blocksOf(lab) + lab.trace.slots * 4 <= one.base);
      if (fitting === undefined)
        throw new RangeError(
          `${lab.name}: ${lab.trace.count} operations and ${lab.trace.slots} blocks do not fit ` +
            "below the heap (256 MiB)",
        );
      return heap(lab, instance(fitting.module, fitting.base + more));
    },
    ...(!isControl && {
      startUp: () => timedStartUp(code, (fresh) => instance(fresh, base).exports.malloc(24)),
    }),
  };
}

interface Instance {
  readonly exports: Exports;
  readonly memory: WebAssembly.Memory;
}

/** @param bytes of memory that it begins with, about */
function instance(module: WebAssembly.Module, bytes: number): Instance {
  const initial = bytes / WASM_PAGE_SIZE + 1;
  const memory = new WebAssembly.Memory({ initial, maximum: MOST_PAGES });
  const abort = (): never => {
    throw new Error("the allocator aborted");
  };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  return { exports: exports as unknown as Exports, memory };
}

/** Where the table of blocks is, behind the operations. */
function blocksOf(lab: LabTrace): number {
  return Math.ceil((OPERATIONS + lab.ops("ilp32").length) / 16) * 16;
}

function heap(lab: LabTrace, { exports, memory }: Instance): RacerHeap {
  const { trace } = lab;
  const ops = lab.ops("ilp32");
  const blocks = blocksOf(lab);
  new Uint8Array(memory.buffer).set(ops, OPERATIONS);
  const stride = ops.length / Math.max(trace.count, 1);
  const before = memory.buffer.byteLength;
  const run = (first: number, end: number): void => {
    exports.replay_touching(OPERATIONS + first * stride, OPERATIONS + end * stride, blocks);
  };
  return {
    pass: () => timedPass(run, trace.count),
    drain: () => exports.release_all(blocks, trace.slots),
    slices: (count) =>
      timedSlices(run, trace.count, count, () => memory.buffer.byteLength - before),
    // They abort instead.
    refused: 0,
    close: () => undefined,
  };
}
