// A worker that damages heaps: for each seed a busy heap, one bit of its metadata flipped, and then
// every function of the family. What a call ends with is noted; which call is under way stands in
// shared memory, so that whoever watches can tell a hang.

import { parentPort, workerData } from "node:worker_threads";
import binaryen from "binaryen";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { uniformInt } from "pure-rand/distribution/uniformInt";

const {
  HeapAbort,
  BrokenInvariant,
  createHeapSync: coreHeapSync,
  startProcessSync,
} = await import("../../dist/index.js");
const { mallocInfo, mallocStats } = await import("../../dist/inspect.js");

const { heapOptionsFor, linkGuestSync } = await import("../../dist/link/index.js");
const { createHeapSync, ThreadError } = await import("../../dist/threads.js");

const { abi, mode, from, to, progress } = workerData;
const clock = new Int32Array(progress);
const LAYOUTS = ["linux", "top-down", "compact"];
const IS_THREADED = mode.startsWith("threads");
const PROFILE =
  /** @type {const} */ (["throughput", "small"]).find((name) => mode.endsWith(name)) ?? "glibc";
/** Where little memory is wanted nobody looks at system calls. */
const BUILDS = PROFILE === "small" ? ["core", "image"] : ["core", "full", "image", "core"];
const PAGE = 4096;

/**
 * @typedef {(least: number, most: number) => number} Random a whole number from `least` to `most`
 */
/** @typedef {any} Scene a busy process: `process`, `threads`, `blocks`, `build` */

/** One of a list. @param {readonly any[]} list @param {Random} random @returns {any} */
function pick(list, random) {
  return list[random(0, list.length - 1)];
}

/** Notes the call that comes now. @param {number} step */
function begin(step) {
  Atomics.store(clock, 1, step);
  Atomics.add(clock, 2, 1);
}

/**
 * A process of a build, and its threads: simulated ones, those of the threaded build, which take
 * its locks, or a guest in place of the first.
 * @param {Random} random
 */
function start(random) {
  if (mode === "guest") return startGuest();
  const build = IS_THREADED ? "threads" : pick(BUILDS, random);
  /** @type {any} */
  const process = IS_THREADED
    ? createHeapSync({ abi, profile: PROFILE, patience: 300 }).process
    : startProcessSync({ abi, build, profile: PROFILE, layout: pick(LAYOUTS, random) });
  process.share();
  const threads = [process];
  const others = build === "image" ? 0 : random(0, 2);
  for (let i = 0; i < others; i++) threads.push(process.attachThreadSync());
  return { process, threads, build };
}

/** What a guest calls, with the parameters of each. */
const CALLED = {
  malloc: 1,
  calloc: 2,
  realloc: 2,
  memalign: 2,
  aligned_alloc: 2,
  valloc: 1,
  malloc_usable_size: 1,
  malloc_trim: 1,
};

/** A guest that calls malloc's family for whoever asks. */
function guestBytes() {
  const functions = Object.entries({ ...CALLED, free: 1 }).map(([name, count]) => {
    const params = `(param ${Array(count).fill("i32").join(" ")})`;
    const result = name === "free" ? "" : "(result i32)";
    const values = Array.from({ length: count }, (_, i) => `(local.get ${i})`).join(" ");
    return [
      `(import "ptmalloc" "${name}" (func $${name} ${params} ${result}))`,
      `(func (export "${name}") ${params} ${result} (call $${name} ${values}))`,
    ];
  });
  const module = binaryen.parseText(`(module ${functions.map(([head]) => head).join("\n")}
    (memory (export "memory") 2) (global (export "__heap_base") i32 (i32.const 5000))
    ${functions.map(([, body]) => body).join("\n")})`);
  return module.emitBinary();
}

function startGuest() {
  const bytes = guestBytes();
  const heap = coreHeapSync({ ...heapOptionsFor(bytes), layout: "linux" });
  const { process } = heap;
  /** @type {Record<string, any>} */
  const { exports } = linkGuestSync(bytes, heap);
  /** @param {string} name @returns {(...args: number[]) => number} */
  const call =
    (name) =>
    (...args) =>
      exports[name](...args) >>> 0;
  const guest = {
    malloc: call("malloc"),
    calloc: call("calloc"),
    realloc: call("realloc"),
    free: call("free"),
    memalign: call("memalign"),
    alignedAlloc: call("aligned_alloc"),
    posixMemalign: call("memalign"),
    valloc: call("valloc"),
    usableSize: call("malloc_usable_size"),
    trim: call("malloc_trim"),
    mallopt: () => process.mallopt(1, 64),
    raw: process.raw,
  };
  return { process, threads: [guest], build: mode };
}

/**
 * A busy process of one to three threads, and what it has allocated.
 * @param {Random} random
 * @returns {Scene}
 */
function busy(random) {
  const { process, threads, build } = start(random);
  const blocks = [];
  const size = () => pick([24, 100, 600, 1500, 5000, 40_000, 200_000], random) + random(0, 99);
  for (let i = random(200, 500); i > 0; i--) {
    const thread = pick(threads, random);
    if (blocks.length > 60 && random(0, 9) < 6) {
      const [block] = blocks.splice(random(0, blocks.length - 1), 1);
      thread.free(block);
    } else {
      blocks.push(random(0, 7) === 0 ? thread.memalign(64, size()) : thread.malloc(size()));
    }
  }
  return { process, threads, blocks: blocks.filter((block) => block !== 0), build };
}

/**
 * Ranges of metadata: where they begin, and their bytes.
 * @param {Scene} scene
 * @param {Random} random
 * @returns {number[][]}
 */
function metadata({ process, threads, blocks }, random) {
  const { structs, base } = process;
  const word = abi === "ilp32" ? 4 : 8;
  const header = 2 * word;
  const main = process.raw.main_arena() >>> 0;
  const block = pick(blocks, random) ?? main;
  const ranges = [
    [main, structs.MallocState.size],
    [process.raw.malloc_par() >>> 0, structs.MallocPar.size],
    [base, structs.MmStruct.size],
    // The first nodes of the region table lie behind mm_struct and its tables.
    [base + structs.MmStruct.size, 16 * structs.Vma.size],
    [block - header, header],
    [block - header, header],
  ];
  for (const thread of threads) {
    const cache = thread.raw.tcache() >>> 0;
    const struct = PROFILE === "throughput" ? structs.ClassCache : structs.TcachePerthreadStruct;
    if (cache !== 0) ranges.push([cache, struct.size]);
  }
  // Chunks of the heap: headers and the links of those that are free.
  const { startBrk, brk } = process.mm();
  const chunks = [];
  for (let at = startBrk + (abi === "ilp32" && PROFILE !== "small" ? 8 : 0); at < brk - header;) {
    chunks.push(at);
    const size = process.readWord(at + word);
    at += size - (size % 8) || brk;
  }
  for (let i = 0; i < 6; i++) ranges.push([pick(chunks, random), header + 4 * word]);
  const heapBytes = abi === "ilp32" ? 2 ** 20 : 2 ** 26;
  for (const address of blocks) {
    if (address < brk) continue;
    const heap = address - (address % heapBytes);
    const size = process.readWord(address - word);
    // The A bit: the block lies in the heap of another arena.
    if ((size & 4) !== 0) ranges.push([heap, structs.HeapInfo.size + structs.MallocState.size]);
  }
  return ranges;
}

/** Flips a bit of the metadata. Where, for reports. @param {Scene} scene @param {Random} random */
function flip(scene, random) {
  const ranges = metadata(scene, random);
  const [start, bytes] = pick(ranges, random);
  const address = start + random(0, bytes - 1);
  const bit = random(0, 7);
  scene.process.u8()[address] ^= 1 << bit;
  return `0x${address.toString(16)} bit ${bit}`;
}

/**
 * Every function of the family, in any order; the calls of one seed are always the same. What walks
 * along every list, and so finds most damage, comes last for every other seed.
 * @param {Scene} scene
 * @param {Random} random
 * @param {number} seed
 * @returns {(() => unknown)[]}
 */
function calls({ process, threads, blocks }, random, seed) {
  const any = () => pick(threads, random);
  /** @type {(() => unknown)[]} */
  const list = [];
  for (const size of [8, 24, 100, 600, 1400, 5000, 20_016, 70_000, 150_000, 600_000]) {
    list.push(
      () => any().malloc(size),
      () => any().calloc(3, size),
      () => any().memalign(128, size),
      () => any().posixMemalign(64, size),
      () => any().alignedAlloc(32, size),
      () => any().valloc(size),
    );
  }
  for (const block of blocks) {
    const kind = random(0, 5);
    if (kind === 0) list.push(() => any().realloc(block, 10));
    else if (kind === 1) list.push(() => any().realloc(block, 90_000));
    else list.push(() => any().free(block));
    if (kind > 3) list.push(() => any().usableSize(block));
  }
  list.push(() => any().mallopt(1, 64));
  list.push(() => process.raw.sbrk?.(process.toWord(PAGE)));
  if (threads.length > 1) list.push(() => threads.at(-1).raw.thread_exit());
  const walks = [
    () => process.mallinfo2(),
    () => any().trim(0),
    () => mallocInfo(process),
    () => mallocStats(process),
    () => process.raw.check_heap?.(),
  ];
  if (seed % 2 === 0) return [...shuffled(list, random), ...shuffled(walks, random)];
  return shuffled([...list, ...walks], random);
}

/** @param {(() => unknown)[]} list @param {Random} random */
function shuffled(list, random) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random(0, i);
    [list[i], list[j]] = /** @type {any} */ ([list[j], list[i]]);
  }
  return list;
}

/** Whether an error is one that says what is wrong. @param {unknown} error */
function isTold(error) {
  if (error instanceof HeapAbort) return /[a-z]/.test(error.message);
  return error instanceof BrokenInvariant || error instanceof ThreadError;
}

/** @param {number} seed @returns what went wrong with one seed, or how it ended */
function run(seed) {
  const generator = xoroshiro128plus(seed);
  /** @type {Random} */
  const random = (least, most) => uniformInt(generator, least, most);
  begin(0);
  const scene = busy(random);
  const where = flip(scene, random);
  let step = 0;
  let end = "unharmed";
  for (const call of calls(scene, random, seed)) {
    begin(++step);
    try {
      call();
    } catch (error) {
      if (!isTold(error))
        return {
          bad: `${/** @type {Error} */ (error).stack}`,
          seed,
          where,
          step,
          build: scene.build,
          call: `${call}`,
        };
      end = /** @type {Error} */ (error).message.replace(/0x[0-9a-f]+/g, "0x…");
      // The end of the process; another call must be safe all the same.
      // Who gives up waiting for a lock has changed nothing.
      if (scene.process.aborted === undefined && !(error instanceof ThreadError))
        return {
          bad: `the process does not know: ${/** @type {Error} */ (error).stack}`,
          seed,
          where,
          step,
        };
    }
  }
  return { end };
}

for (let seed = from; seed < to; seed++) {
  Atomics.store(clock, 0, seed);
  parentPort?.postMessage({ seed, ...run(seed) });
}
parentPort?.postMessage({ done: true });
