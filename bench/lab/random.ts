// Random numbers that are the same in every run. No library's, as results are compared with earlier
// ones: which regions exist and which are called for (bench/contestants/regions.ts) is what these
// numbers say.

/** @returns a function that gives integers from 0 up to, not including, its argument */
export function randomIntegers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
    return ((state ^ (state >>> 13)) >>> 0) % limit;
  };
}

/** @returns the same things in another order */
export function shuffled<T>(things: readonly T[], random: (limit: number) => number): T[] {
  const order = [...things];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
