// The loops that run inside WebAssembly, generic over the allocator: every contestant is compiled
// into the very same loop. Call them for some thousand rounds at a time, and often: V8 replaces
// code by its optimised version only when it is entered anew.

/** Allocates and frees one block of `bytes` bytes, `rounds` times. Returns the last address. */
export function runPairs<Allocator extends Contestant>(rounds: u32, bytes: word): word {
  const allocator = changetype<Allocator>(0);
  let last: word = 0;
  for (let round: u32 = 0; round < rounds; round++) {
    last = allocator.malloc(bytes);
    allocator.free(last);
  }
  return last;
}

/**
 * Allocates `blocks` blocks of `bytes` bytes into a table of words, then frees them in the same
 * order, `rounds` times. Returns the last address.
 */
export function runBatches<Allocator extends Contestant>(
  rounds: u32,
  blocks: u32,
  bytes: word,
  table: usize,
): word {
  const allocator = changetype<Allocator>(0);
  const end = table + <usize>blocks * sizeof<word>();
  let last: word = 0;
  for (let round: u32 = 0; round < rounds; round++) {
    for (let slot = table; slot < end; slot += sizeof<word>()) {
      last = allocator.malloc(bytes);
      store<word>(slot, last);
    }
    for (let slot = table; slot < end; slot += sizeof<word>()) allocator.free(load<word>(slot));
  }
  return last;
}
