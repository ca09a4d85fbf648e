// Limits of resources, as they lie in memory: two words (struct rlimit), or two numbers of 64 bits
// (struct rlimit64, and struct rlimit in lp64).

/** struct rlimit; Infinity is RLIM_INFINITY. */
export interface Limits {
  /** The soft limit, which the kernel enforces. */
  readonly cur: number;
  /** The hard limit, the most that cur can be raised to. */
  readonly max: number;
}

function finite(limit: number | bigint, wide: boolean): number {
  const infinity = wide ? 2n ** 64n - 1n : 0xffffffff;
  return limit === infinity ? Infinity : Number(limit);
}

/** @param wide whether the words have 64 bits */
export function readLimits(view: DataView, at: number, wide: boolean): Limits {
  const [cur, max] = wide
    ? [view.getBigUint64(at, true), view.getBigUint64(at + 8, true)]
    : [view.getUint32(at, true), view.getUint32(at + 4, true)];
  return { cur: finite(cur, wide), max: finite(max, wide) };
}

/** @param wide whether the words have 64 bits */
export function writeLimits(view: DataView, at: number, limits: Limits, wide: boolean): void {
  [limits.cur, limits.max].forEach((limit, i) => {
    if (wide)
      view.setBigUint64(at + 8 * i, limit === Infinity ? 2n ** 64n - 1n : BigInt(limit), true);
    else view.setUint32(at + 4 * i, limit === Infinity ? 0xffffffff : limit, true);
  });
}
