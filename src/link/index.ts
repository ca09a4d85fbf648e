// `ptmalloc-wasm/link`: other modules over this heap.

export { heapOptionsFor, readGuest } from "./guest.js";
export type { GuestHeapOptions, GuestInfo } from "./guest.js";
export { linkGuest, linkGuestSync, slowCalls } from "./link.js";
export type { Guest, GuestHost, LinkOptions } from "./link.js";
export { mergedFailure } from "./failure.js";
