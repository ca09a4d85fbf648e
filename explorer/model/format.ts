// Numbers for people.

const UNITS = ["B", "KiB", "MiB", "GiB"] as const;

/** @returns bytes with a binary unit and three digits: `512 B`, `1.53 MiB` */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (Math.abs(value) >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = Math.abs(value) >= 99.95 || unit === 0 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** @returns a whole number with commas: `466,593` */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** @returns an address as C prints it: `0x10c4868` */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** @returns a share of one, in percent */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** @returns a whole number that people write, decimal or 0x…; undefined for anything else */
export function wholeOf(text: string): number | undefined {
  if (!/^\s*(\d+|0x[0-9a-f]+)\s*$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** @returns the index of the last element that is at most `value`; -1 where there is none */
export function lastAtMost(sorted: ArrayLike<number>, value: number, count = sorted.length) {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
