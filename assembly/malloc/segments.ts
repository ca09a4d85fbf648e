// Where the heap's segments begin, for the checker alone: a heap is one piece of the break unless
// somebody else moved the break or the break was refused, and nothing in glibc's structs tells
// where a later piece starts. Empty in builds that have no checker.

import { SEGMENTS, SEGMENTS_MAX, libc } from "./state";

function countPlace(): usize {
  return changetype<usize>(libc) + SEGMENTS;
}

/** Notes that a segment's first chunk is at `start`. */
export function noteSegment(start: usize): void {
  if (HEAP_CHECK) {
    const count = load<u32>(countPlace());
    if (count >= SEGMENTS_MAX) return;
    store<u32>(countPlace() + ((<usize>count + 1) << 2), <u32>start);
    store<u32>(countPlace(), count + 1);
  }
}

/** How many segments are known. */
export function segmentCount(): u32 {
  return min(load<u32>(countPlace()), SEGMENTS_MAX);
}

/** The address of the first chunk of segment `index`. */
export function segmentStart(index: u32): usize {
  return load<u32>(countPlace() + ((<usize>index + 1) << 2));
}
