// strace -c: how often each system call was made, as a table in strace's format. The model keeps no
// time, so the columns of time are nought, as strace shows them for calls too short to measure.

/** Counts of one system call. */
export interface CallCount {
  /** The call's name. */
  readonly name: string;
  /** Its number. Orders calls of equal counts, as in strace. */
  readonly nr: number;
  /** How often it was made. */
  calls: number;
  /** How often it failed. */
  errors: number;
}

/** How strace -S orders the table. By time is by number here, since all times are equal. */
export type CountOrder = "time" | "calls" | "errors" | "name" | "none";

/**
 * The line between heading, rows and total. Its last part is as long as the longest name and one
 * more.
 */
function ruleFor(counts: readonly CallCount[]): string {
  const width = Math.max(16, ...counts.map(({ name }) => name.length + 1));
  return `------ ----------- ----------- --------- --------- ${"-".repeat(width)}\n`;
}

function row(share: number, calls: number, errors: number, name: string): string {
  const columns = [
    share.toFixed(2).padStart(6),
    "0.000000".padStart(11),
    "0".padStart(11),
    String(calls).padStart(9),
    (errors === 0 ? "" : String(errors)).padStart(9),
  ];
  return `${columns.join(" ")} ${name}\n`;
}

function ordered(counts: readonly CallCount[], order: CountOrder): CallCount[] {
  const byNumber = [...counts].sort((a, b) => a.nr - b.nr);
  switch (order) {
    case "calls":
      return byNumber.sort((a, b) => b.calls - a.calls);
    case "errors":
      return byNumber.sort((a, b) => b.errors - a.errors);
    case "name":
      return byNumber.sort((a, b) => (a.name < b.name ? -1 : 1));
    case "time":
    case "none":
      return byNumber;
  }
}

/**
 * The table of strace -c.
 * @returns it, ending in a newline; only its heading and total when nothing was counted
 */
export function countTable(counts: readonly CallCount[], order: CountOrder = "time"): string {
  const calls = counts.reduce((sum, count) => sum + count.calls, 0);
  const errors = counts.reduce((sum, count) => sum + count.errors, 0);
  const rows = ordered(counts, order).map((count) => row(0, count.calls, count.errors, count.name));
  const head = "% time     seconds  usecs/call     calls    errors syscall\n";
  const rule = ruleFor(counts);
  return head + rule + rows.join("") + rule + row(100, calls, errors, "total");
}
