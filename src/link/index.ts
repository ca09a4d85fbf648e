/**
 * Other modules over this heap: guests of C, C++, Rust, Zig or AssemblyScript call its malloc and
 * free, in the same memory. Begin with {@link linkGuest}.
 *
 * @module ptmalloc-wasm/link
 */

export { heapOptionsFor, readGuest } from "./guest.js";
export type { GuestHeapOptions, GuestInfo } from "./guest.js";
export { linkGuest, linkGuestSync, slowCalls } from "./link.js";
export type { Guest, GuestHost, LinkOptions } from "./link.js";
export type { OwnAllocator, OwnAllocatorChoice } from "./allocator.js";
export type { MemoryLimits } from "./binary.js";
export { mergedFailure } from "./failure.js";
