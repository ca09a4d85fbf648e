// What the tests of threads do on the main thread of a page: it made the heap, and is one of its
// threads.

import { createHeap } from "ptmalloc-wasm/threads";

/** @typedef {import("ptmalloc-wasm").ThreadNotice} ThreadNotice */

/** A worker that does what it is told (thread-worker.js). */
class ThreadWorker {
  worker = new Worker(new URL("./thread-worker.js", import.meta.url), { type: "module" });

  /** @param {string} name @param {unknown[]} args @returns {Promise<any>} */
  run(name, ...args) {
    return new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data }) =>
        data.error === undefined ? resolve(data.result) : reject(new Error(data.error));
      this.worker.onerror = (event) => reject(new Error(event.message));
      this.worker.postMessage([name, ...args]);
    });
  }
}

/** A heap, and what it notices. @param {"ilp32" | "lp64"} abi @param {object} [options] */
async function heapOf(abi, options = {}) {
  /** @type {ThreadNotice[]} */
  const notices = [];
  /** @type {() => void} */
  let told = () => undefined;
  const noticed = new Promise((resolve) => (told = () => resolve(undefined)));
  const onThreadDeath = (/** @type {ThreadNotice} */ notice) => {
    notices.push(notice);
    told();
  };
  const heap = await createHeap({ abi, onThreadDeath, ...options });
  return { heap, notices, noticed };
}

/** @param {import("ptmalloc-wasm").ThreadedHeap} heap @param {string} [how] */
async function join(heap, how = "attach") {
  const worker = new ThreadWorker();
  const thread = await worker.run(how, heap.handle());
  return { thread, run: worker.run.bind(worker), end: () => worker.worker.terminate() };
}

/**
 * The main thread and two workers allocate at the same time, and pass blocks to each other.
 * @param {"ilp32" | "lp64"} abi
 */
export async function threadsTogether(abi) {
  const { heap } = await heapOf(abi);
  const workers = [await join(heap), await join(heap, "attachSync")];
  const work = workers.map(({ run }, seed) => run("work", seed, 20_000));
  for (let i = 0; i < 20_000; i++) heap.free(heap.malloc(i % 3000));
  const bad = await Promise.all(work);
  const block = heap.malloc(1000);
  heap.u8(block, 1000).fill(7);
  const [first, second] = workers;
  const isSeen = await first?.run("holds", block, 1000, 7);
  await second?.run("call", "free", block);
  const sums = await first?.run("growth", 50_000_000);
  const seen = heap.u8(sums + 49_999_999, 1)[0];
  const threads = heap.threads();
  for (const { run } of workers) await run("call", "exitThread");
  const left = heap.threads();
  for (const { end } of workers) end();
  const arenas = heap.mallocInfo().match(/<heap /g)?.length;
  return { bad, isSeen, seen, threads, left, arenas, broken: heap.raw.check_heap() };
}

/**
 * The main thread may not wait for a lock: it spins until the worker gives it back.
 * @param {"ilp32" | "lp64"} abi
 */
export async function mainSpins(abi) {
  const { heap } = await heapOf(abi);
  const { run, end } = await join(heap);
  await run("holdFor", heap.raw.main_arena() >>> 0, 100);
  const block = heap.malloc(5000);
  end();
  return { isBlock: block !== 0, ...heap.lockCounters() };
}

/**
 * A worker is ended in the middle of its work; another one had exited.
 * @param {"ilp32" | "lp64"} abi
 */
export async function terminated(abi) {
  const { heap, notices, noticed } = await heapOf(abi);
  const orderly = await join(heap);
  const victim = await join(heap);
  await orderly.run("call", "exitThread");
  orderly.end();
  await victim.run("churn");
  victim.end();
  await noticed;
  const after = await join(heap);
  const bad = await after.run("work", 1, 5000);
  after.end();
  return { notices, bad, broken: heap.raw.check_heap() };
}

/** A worker is ended while it holds a lock. @param {"ilp32" | "lp64"} abi */
export async function terminatedInside(abi) {
  const { heap, notices, noticed } = await heapOf(abi);
  const { run, end } = await join(heap);
  await run("hold", heap.raw.main_arena() >>> 0);
  end();
  await noticed;
  return { notices, isBlock: heap.malloc(5000) !== 0, threads: heap.threads() };
}

/** What createHeap says where memory cannot be shared. */
export async function threadsRefused() {
  return await heapOf("ilp32").then(
    () => "",
    (/** @type {Error} */ error) => error.message,
  );
}

/**
 * How many shared memories of `maximum` pages this browser can have at once, up to 64.
 * @param {number} maximum
 */
export function sharedMemories(maximum) {
  const memories = [];
  try {
    while (memories.length < 64)
      memories.push(new WebAssembly.Memory({ initial: 2, maximum, shared: true }));
  } catch {
    // That was one too many.
  }
  return memories.length;
}
