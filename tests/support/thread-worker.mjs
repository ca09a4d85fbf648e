// A worker that does what it is told, call by call: see threads.ts. It runs the package as it is
// built.

import { parentPort as port } from "node:worker_threads";
import { attachHeap, attachHeapSync } from "../../dist/index.js";

/** @type {import("../../dist/index.js").ThreadedHeap} */
let heap;

const parentPort = /** @type {import("node:worker_threads").MessagePort} */ (port);

/** @type {Record<string, (...args: any[]) => unknown>} */
const commands = {
  async attach(handle, options) {
    heap = await attachHeap(handle, options);
    return heap.thread;
  },

  attachSync(handle, options) {
    heap = attachHeapSync(handle, options);
    return heap.thread;
  },

  /** A method of the heap's. */
  call(name, ...args) {
    return /** @type {any} */ (heap)[name](...args);
  },

  fill(address, length, byte) {
    heap.u8(address, length).fill(byte);
  },

  /** Whether all bytes are `byte`. */
  holds(address, length, byte) {
    return heap.u8(address, length).every((other) => other === byte);
  },

  /**
   * Allocates, checks, resizes and frees `rounds` times; how many blocks were not what they had
   * been filled with.
   */
  work(seed, rounds) {
    let state = seed;
    const random = (/** @type {number} */ below) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    /** @type {{ mem: number, size: number, byte: number }[]} */
    const blocks = [];
    let bad = 0;
    const check = (/** @type {(typeof blocks)[number] | undefined} */ block) => {
      if (block === undefined) return;
      if (!heap.u8(block.mem, block.size).every((other) => other === block.byte)) bad++;
      heap.free(block.mem);
    };
    for (let i = 0; i < rounds; i++) {
      if (blocks.length > 0 && random(2) === 0) {
        const [block] = blocks.splice(random(blocks.length), 1);
        check(block);
      } else {
        const block = { mem: heap.malloc(1 + random(3000)), size: 0, byte: random(256) };
        block.size = heap.usableSize(block.mem);
        heap.u8(block.mem, block.size).fill(block.byte);
        blocks.push(block);
      }
    }
    blocks.forEach(check);
    return bad;
  },

  /** Takes the lock at `address`, as a thread that is about to die inside it. */
  hold(address) {
    const word = new Int32Array(heap.memory.buffer, address, 1);
    return Atomics.compareExchange(word, 0, 0, heap.thread + 1) === 0;
  },

  /** Takes the lock at `address`, says so, and keeps it for `ms` milliseconds. */
  async holdFor(address, ms) {
    const word = new Int32Array(heap.memory.buffer, address, 1);
    Atomics.store(word, 0, heap.thread + 1);
    parentPort.postMessage({ result: undefined });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    Atomics.store(word, 0, 0);
    Atomics.notify(word, 0, 1);
  },

  /** Never comes back. */
  churn() {
    parentPort.postMessage({ result: undefined });
    const blocks = new Array(100).fill(0);
    for (let i = 0; ; i++) {
      heap.free(blocks[i % 100]);
      blocks[i % 100] = heap.malloc((i * 7919) % 5000);
    }
  },

  leave() {
    process.exit();
  },
};

parentPort.on("message", async ([name, ...args]) => {
  try {
    parentPort.postMessage({ result: await commands[name]?.(...args) });
  } catch (error) {
    const { name: kind, message, reason } = /** @type {any} */ (error);
    parentPort.postMessage({ error: { name: kind, message, reason } });
  }
});
