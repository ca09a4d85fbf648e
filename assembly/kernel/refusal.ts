// Fault injection, in the checked builds only: refuses chosen requests that would make the process
// bigger, to show that every caller survives. A request is a brk upwards, an mmap, or an mremap
// that grows.

let requests: u32 = 0;
let firstRefused: u32 = 0;
let refusedEvery: u32 = 0;

/**
 * Refuses the `first`-th request from now (1 is the next; 0: none) and, when `every` > 0, each
 * `every`-th after it.
 */
export function refuseGrowth(first: u32, every: u32): void {
  requests = 0;
  firstRefused = first;
  refusedEvery = every;
}

/** How many requests there were since the last call of `refuseGrowth`. */
export function growthRequests(): u32 {
  return requests;
}

/** Counts a request and says whether it is to be refused. Compiles to `false` in release builds. */
export function growthRefused(): bool {
  if (HEAP_CHECK > 1) {
    requests++;
    if (firstRefused == 0 || requests < firstRefused) return false;
    if (requests == firstRefused) return true;
    return refusedEvery != 0 && (requests - firstRefused) % refusedEvery == 0;
  }
  return false;
}
