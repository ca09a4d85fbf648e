// Numbers that are the same in every run.

let state: u32 = 1;

/** Begins anew. */
export function seed(value: u32): void {
  state = value | 1;
}

/** The next number in [0, limit), by xorshift. */
export function random(limit: i32): i32 {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return <i32>(state % <u32>limit);
}
