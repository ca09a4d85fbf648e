// A thread of a heap that does what it is told, for thread-cases.js.

import { attachHeap, attachHeapSync } from "ptmalloc-wasm/threads";

/** @type {import("ptmalloc-wasm/threads").ThreadedHeap} */
let heap;

/** @type {Record<string, (...args: any[]) => unknown>} */
const commands = {
  async attach(handle) {
    heap = await attachHeap(handle);
    return heap.thread;
  },

  attachSync(handle) {
    heap = attachHeapSync(handle);
    return heap.thread;
  },

  /** A method of the heap's. */
  call(name, ...args) {
    return /** @type {any} */ (heap)[name](...args);
  },

  /** Whether all bytes are `byte`. */
  holds(address, length, byte) {
    return heap.u8(address, length).every((other) => other === byte);
  },

  /** A block that is larger than the memory was; its last byte is 9. */
  growth(size) {
    const block = heap.malloc(size);
    heap.u8(block + size - 1, 1)[0] = 9;
    return block;
  },

  /** Allocates, checks and frees; how many blocks were not what they had been filled with. */
  work(seed, rounds) {
    const blocks = new Array(64).fill(0);
    let bad = 0;
    for (let i = 0; i < rounds; i++) {
      const at = (i * 7919) % 64;
      const old = blocks[at];
      if (old !== 0) {
        const size = heap.u32(old, 1)[0] ?? 0;
        if (!heap.u8(old + 4, size - 4).every((byte) => byte === at + seed)) bad++;
        heap.free(old);
      }
      const size = 8 + ((i * 31 + seed * 17) % 2000);
      blocks[at] = heap.malloc(size);
      heap.u32(blocks[at], 1)[0] = size;
      heap.u8(blocks[at] + 4, size - 4).fill(at + seed);
    }
    for (const block of blocks) heap.free(block);
    return bad;
  },

  /** Takes the lock at `address`, as a thread that is about to die inside it. */
  hold(address) {
    Atomics.store(new Int32Array(heap.memory.buffer, address, 1), 0, heap.thread + 1);
  },

  /** Takes the lock at `address`, says so, and keeps it for `ms` milliseconds. */
  holdFor(address, ms) {
    const word = new Int32Array(heap.memory.buffer, address, 1);
    Atomics.store(word, 0, heap.thread + 1);
    postMessage({ result: undefined });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    Atomics.store(word, 0, 0);
  },

  /** Never comes back. */
  churn() {
    postMessage({ result: undefined });
    const blocks = new Array(100).fill(0);
    for (let i = 0; ; i++) {
      heap.free(blocks[i % 100]);
      blocks[i % 100] = heap.malloc((i * 7919) % 5000);
    }
  },
};

onmessage = async ({ data: [name, ...args] }) => {
  try {
    postMessage({ result: await commands[name]?.(...args) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
