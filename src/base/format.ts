// Numbers for people.

const UNITS = ["B", "KiB", "MiB", "GiB"] as const;
const TIMES = ["ns", "µs", "ms", "s"] as const;

/** @returns bytes with a binary unit and three digits: `512 B`, `1.53 MiB` */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : threeDigits(value)} ${UNITS[unit]}`;
}

/** @returns an integer with commas: `466,593` */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** @returns nanoseconds with about three digits: `9.85`, `26.1`, `1,264` */
export function formatNanoseconds(nanoseconds: number): string {
  return nanoseconds >= 999.5 ? formatCount(Math.round(nanoseconds)) : threeDigits(nanoseconds);
}

/** @returns nanoseconds with a unit and three digits: `98.0 ns`, `1.26 µs`, `41.3 ms` */
export function formatDuration(nanoseconds: number): string {
  let unit = 0;
  let value = nanoseconds;
  while (value >= 999.5 && unit < TIMES.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${threeDigits(value)} ${TIMES[unit]}`;
}

/** @returns a share of 1 in percent, `61 %`; below ten percent with a decimal */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent >= 9.95 || percent === 0 ? Math.round(percent) : percent.toFixed(1)} %`;
}

/** @returns a ratio, `12.3x` */
export function formatRatio(ratio: number): string {
  return `${ratio >= 999.5 ? formatCount(Math.round(ratio)) : threeDigits(ratio)}x`;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
