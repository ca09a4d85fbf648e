// The one program that all consumers run: it is given what a heap's user imports, and says what
// happened as plain data.

const MIB = 2 ** 20;

/** @param {() => unknown} call @returns {Error} */
function caught(call) {
  try {
    call();
  } catch (error) {
    return /** @type {Error} */ (error);
  }
  throw new Error("nothing was thrown");
}

/**
 * Allocates, grows the memory past 64 MiB, looks through views afterwards, runs out of memory, and
 * frees a block twice.
 * @param {{
 *   createHeap: (options: any) => Promise<any>,
 *   OutOfMemoryError: abstract new (...args: any[]) => Error,
 *   HeapAbort: abstract new (...args: any[]) => Error,
 * }} api what the entry exports
 * @param {object} [options] more options for createHeap
 */
export async function consume({ createHeap, OutOfMemoryError, HeapAbort }, options = {}) {
  const heap = await createHeap({ outOfMemory: "throw", maximumPages: 2048, ...options });
  const small = heap.malloc(100);
  const stale = heap.u8(small, 100).fill(7);
  const before = heap.memory.buffer.byteLength;

  const big = heap.malloc(80 * MIB);
  heap.u8(big, 80 * MIB)[80 * MIB - 1] = 9;
  const after = heap.memory.buffer.byteLength;
  const afterGrowth = heap.u8(small, 100);
  const viewAfterGrowth = [stale.length, afterGrowth.length, afterGrowth[0], afterGrowth[99]];

  const outOfMemory = caught(() => heap.malloc(1024 * MIB));
  const isIntact = heap.malloc(1000) !== 0;
  heap.free(big);

  heap.free(small);
  const doubleFree = caught(() => heap.free(small));
  return {
    misalignment: small % 16,
    grewPast64MiB: before < 64 * MIB && after > 64 * MIB,
    viewAfterGrowth,
    outOfMemory: [outOfMemory instanceof OutOfMemoryError, outOfMemory.message],
    isIntact,
    doubleFree: [doubleFree instanceof HeapAbort, doubleFree.message],
    afterwards: caught(() => heap.malloc(1)).name,
  };
}
