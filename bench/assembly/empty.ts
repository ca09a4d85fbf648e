// Functions with the signatures of malloc and free that do nothing: what a call from JavaScript
// costs by itself.

/** Returns its argument. */
export function malloc(bytes: u32): u32 {
  return bytes;
}

/** Does nothing. */
export function free(block: u32): void {}
