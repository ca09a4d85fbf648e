// A process that makes many heaps, and says what that came to: one line of JSON. Run with
// --expose-gc; needs `npm run build`.

const dist = new URL("../../dist/index.js", import.meta.url).href;
const { createHeap, createHeapSync } = await import(dist);

const MIB = 2 ** 20;

let compilations = 0;
for (const name of ["compile", "instantiate"]) {
  const original = Reflect.get(WebAssembly, name);
  Reflect.set(WebAssembly, name, (/** @type {unknown[]} */ ...args) => {
    if (!(args[0] instanceof WebAssembly.Module)) compilations++;
    return Reflect.apply(original, WebAssembly, args);
  });
}
WebAssembly.Module = new Proxy(WebAssembly.Module, {
  construct(target, args) {
    compilations++;
    return Reflect.construct(target, args);
  },
});

/** What is resident once nothing is left that could be collected, bytes. */
async function resident() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    // Memories are freed by tasks of the engine's.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().rss;
}

/** Makes heaps, uses a MiB of each, and gives them up. @param {number} count */
async function makeAndDispose(count) {
  for (let i = 0; i < count; i++) {
    const heap = i % 2 === 0 ? createHeapSync() : await createHeap();
    const block = heap.malloc(MIB);
    heap.u8(block, MIB).fill(i);
    heap.free(block);
    heap.dispose();
  }
}

await Promise.all(Array.from({ length: 10 }, () => createHeap()));
await makeAndDispose(100);
const before = await resident();
await makeAndDispose(500);
const after = await resident();

// Each may grow to 4 GiB.
const live = Array.from({ length: 200 }, (_, i) => {
  const heap = createHeapSync();
  const block = heap.malloc(1000);
  heap.u8(block, 1000).fill(i % 251);
  return { heap, block };
});
const withLive = await resident();
// One of them past 2 GiB, in their midst.
const { heap } = /** @type {typeof live[0]} */ (live[100]);
const far = [heap.malloc(1500 * MIB), heap.malloc(1500 * MIB)][1];
heap.u8(far + 1500 * MIB - 4, 4).fill(5);
const isWhole = live.every(({ heap, block }, i) =>
  heap.u8(block, 1000).every((/** @type {number} */ byte) => byte === i % 251),
);
const line = {
  compilations,
  grownMiB: Math.round((after - before) / MIB),
  live: live.length,
  limits: [...new Set(live.map(({ heap }) => heap.process.taskSize))],
  farMiB: Math.round(far / MIB),
  liveMiB: Math.round((withLive - after) / MIB),
  isWhole,
};
console.log(JSON.stringify(line));
