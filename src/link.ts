/**
 * Other modules over this heap: guests of C, C++, Rust, Zig or AssemblyScript call its malloc and
 * free, in the same memory. Begin with {@link linkGuest}.
 *
 * @module ptmalloc-wasm/link
 */

export { heapOptionsFor, readGuest } from "./link/guest.js";
export type { GuestHeapOptions, GuestInfo } from "./link/guest.js";
export { linkGuest, linkGuestSync, slowCalls } from "./link/link.js";
export type { Guest, GuestHost, LinkOptions } from "./link/link.js";
export type { OwnAllocator, OwnAllocatorChoice } from "./link/allocator.js";
export type { MemoryLimits } from "./link/binary.js";
export { mergedFailure } from "./link/failure.js";
