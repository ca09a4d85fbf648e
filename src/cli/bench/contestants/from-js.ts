// Allocators that a loop in JavaScript calls, a block at a time, as hosts of WebAssembly do.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { MemPool, MemPoolOpts } from "@thi.ng/malloc";
import { startProcessSync } from "../../../process/process.js";
import { WASM_PAGE_SIZE } from "../../../layout/generated.js";
import { packageRoot, packageVersion } from "../../package-root.js";
import { C_CALLS, FromJsHeap, type JsCalls, type JsFunctions } from "../from-js.js";
import { MissingError } from "../contestant.js";
import type { Contestant, LabTrace, Racer } from "../contestant.js";
import { installedPackage } from "../packages.js";
import { hostOf } from "../emscripten-host.js";
import { timedStartUp } from "../slices.js";
import { EMBEDDED } from "./ours.js";
import { promised } from "../toolchain.js";

/** This heap, as JavaScript calls it. */
function ours(): Racer {
  const code = new Uint8Array(readFileSync(join(packageRoot(), "build", "core.ilp32.wasm")));
  const module = new WebAssembly.Module(code);
  return {
    version: packageVersion(),
    code,
    start(lab) {
      const { raw, memory } = startProcessSync({ wasm: module, ...EMBEDDED });
      const before = memory.buffer.byteLength;
      const held = (): number => memory.buffer.byteLength - before;
      return new FromJsHeap("ours-from-js", C_CALLS, { heap: raw, memory, held }, lab);
    },
    startUp: () =>
      timedStartUp(code, (wasm) => startProcessSync({ wasm, ...EMBEDDED }).raw.malloc(24)),
  };
}

/** No pool is larger; sizes beyond it overflow when the pool rounds them. */
const MOST_POOL_BYTES = 2 ** 31 - 1;

/** @returns a call whose size is 1 at least, and that is refused where no pool can serve it */
const poolCall = (before: string, size: string): string =>
  `(${size} < ${MOST_POOL_BYTES - 64} ? heap.${before}${size} || 1) : 0)`;

/** It knows one alignment, and clears bytes of a number. */
const POOL_CALLS: JsCalls = {
  names: [],
  malloc: poolCall("malloc(", "x"),
  calloc: poolCall("calloc(", "x * y"),
  memalign: poolCall("malloc(", "y"),
  realloc: poolCall("realloc(old, ", "x"),
  free: "heap.free(old);",
};

/** A pool has all its memory from the beginning: so much, or more for what a trace has live. */
const LEAST_POOL_BYTES = 64 << 20;
const POOL_FACTOR = 4;

async function thiNg(): Promise<Racer> {
  const { version, main } = installedPackage("@thi.ng/malloc");
  type Exports = { readonly MemPool: new (options: Partial<MemPoolOpts>) => MemPool };
  const { MemPool } = (await import(pathToFileURL(main).href)) as Exports;
  return {
    version: `@thi.ng/malloc ${version}`,
    code: null,
    start(lab) {
      const wanted = Math.max(LEAST_POOL_BYTES, POOL_FACTOR * lab.outcome.peakLiveBytes);
      const pool = new MemPool({ size: Math.min(wanted, MOST_POOL_BYTES), align: 8 });
      const memory = { buffer: pool.buf };
      return new FromJsHeap("thi.ng", POOL_CALLS, { heap: pool, memory, held: null }, lab);
    },
  };
}

/** Where versions of the package have their module. */
const SQLITE_FILES = [
  "dist/sqlite3.wasm",
  "sqlite-wasm/jswasm/sqlite3.wasm",
  "jswasm/sqlite3.wasm",
] as const;

interface SqliteExports extends Pick<JsFunctions, "malloc" | "realloc" | "free"> {
  emscripten_builtin_memalign?(alignment: number, size: number): number;
}

/** Its module has no calloc to call, and in older versions no memalign. */
function sqliteCalls(exports: SqliteExports): JsCalls {
  const hasMemalign = exports.emscripten_builtin_memalign !== undefined;
  return {
    ...C_CALLS,
    names: ["malloc", "calloc", "realloc", "free", "emscripten_builtin_memalign"],
    memalign: hasMemalign ? "emscripten_builtin_memalign(x, y)" : "malloc(y)",
  };
}

function sqlite(): Racer {
  const name = "@sqlite.org/sqlite-wasm";
  const { version, folder } = installedPackage(name);
  const file = SQLITE_FILES.map((path) => join(folder, path)).find((path) => existsSync(path));
  if (file === undefined)
    throw new MissingError(`${folder} has no sqlite3.wasm where it is expected`, `npm i ${name}`);
  const code = new Uint8Array(readFileSync(file));
  const module = new WebAssembly.Module(code);
  return {
    version: `${name} ${version}`,
    code,
    start(lab) {
      const { exports, memory } = hostOf<SqliteExports>(module);
      const before = memory.buffer.byteLength;
      const heap = { ...exports, calloc: callocOf(exports, memory) };
      const held = (): number => memory.buffer.byteLength - before;
      return new FromJsHeap("sqlite-wasm", sqliteCalls(exports), { heap, memory, held }, lab);
    },
    startUp: () => timedStartUp(code, (fresh) => hostOf<SqliteExports>(fresh).exports.malloc(24)),
  };
}

/** @returns calloc over malloc */
function callocOf({ malloc }: SqliteExports, memory: WebAssembly.Memory): JsFunctions["calloc"] {
  return (count, size) => {
    const bytes = count * size;
    if (bytes >= 2 ** 32) return 0;
    const block = malloc(bytes);
    if (block !== 0) new Uint8Array(memory.buffer, block >>> 0, bytes).fill(0);
    return block;
  };
}

/** Functions of C's names that do nothing, and return the address 16. */
function emptyModule(): Uint8Array<ArrayBuffer> {
  const I32 = 0x7f;
  const text = (name: string): number[] => [name.length, ...Buffer.from(name)];
  const section = (id: number, ...items: readonly number[][]): number[] => {
    const content = [items.length, ...items.flat()];
    return [id, content.length, ...content];
  };
  const types = [
    [0x60, 1, I32, 1, I32],
    [0x60, 2, I32, I32, 1, I32],
    [0x60, 1, I32, 0],
  ];
  const typeOf: Readonly<Record<string, number>> = { malloc: 0, free: 2 };
  const typed = C_CALLS.names.map((name) => typeOf[name] ?? 1);
  // i32.const 16, end; and nothing but an end, in functions without locals.
  const returning = [4, 0, 0x41, EMPTY_BLOCK, 0x0b];
  const silent = [2, 0, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, ...types),
    ...section(3, ...typed.map((type) => [type])),
    ...section(7, ...C_CALLS.names.map((name, index) => [...text(name), 0, index])),
    ...section(10, ...typed.map((type) => (type === 2 ? silent : returning))),
  ]);
}

const EMPTY_BLOCK = 16;

/** Every block is the same place: the loop, and a call for each operation. */
function emptyCall(): Racer {
  const code = emptyModule();
  const module = new WebAssembly.Module(code);
  return {
    version: "none",
    code,
    start(lab) {
      const heap = new WebAssembly.Instance(module).exports;
      const pages = Math.ceil((EMPTY_BLOCK + largestServed(lab)) / WASM_PAGE_SIZE);
      const memory = new WebAssembly.Memory({ initial: pages });
      return new FromJsHeap("empty-call", C_CALLS, { heap, memory, held: null }, lab);
    },
  };
}

function largestServed({ outcome }: LabTrace): number {
  return outcome.bytes.reduce(
    (most, bytes, index) => (outcome.refused[index] === 1 ? most : Math.max(most, bytes)),
    1,
  );
}

/** Allocators that a loop in JavaScript calls. */
export const fromJsContestants: readonly Contestant[] = [
  {
    name: "ours-from-js",
    title: "this heap, from JavaScript",
    group: "from-js",
    about: "glibc's malloc through heap.raw: each call goes from JavaScript into WebAssembly",
    source: "this package",
    abilities: ["frees", "from-js"],
    control: "empty-call",
    prepare: () => promised(ours),
  },
  {
    name: "thi.ng",
    title: "@thi.ng/malloc",
    group: "from-js",
    about:
      "a pool of fixed size in JavaScript: one list of free blocks and one of used, aligns to 8",
    source: "npm @thi.ng/malloc",
    abilities: ["frees", "from-js"],
    control: "empty-call",
    prepare: () => promised(thiNg),
  },
  {
    name: "sqlite-wasm",
    title: "SQLite's module, from JavaScript",
    group: "from-js",
    about: "the dlmalloc that SQLite's module exports; it has no calloc, which is made of malloc",
    source: "npm @sqlite.org/sqlite-wasm",
    abilities: ["frees", "from-js"],
    control: "empty-call",
    prepare: () => promised(sqlite),
  },
  {
    name: "empty-call",
    title: "an empty call",
    group: "control",
    about: "an empty Wasm function for each operation: the loop in JavaScript without an allocator",
    source: "this package",
    abilities: ["from-js"],
    control: null,
    prepare: () => promised(emptyCall),
  },
];
