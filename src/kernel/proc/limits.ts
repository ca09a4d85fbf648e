// /proc/PID/limits, byte for byte (man 5 proc).

import { RLIMIT } from "../flags.js";

/** RLIM_INFINITY: no limit. */
const INFINITY = 2n ** 64n - 1n;

/** What the kernel keeps of one resource (struct rlimit64). */
export interface ProcLimit {
  /** The soft limit. */
  readonly cur: bigint;
  /** The hard limit. */
  readonly max: bigint;
}

/** Resources in the file's order, with its names and units. */
const ROWS: readonly (readonly [name: string, unit: string, resource: number])[] = [
  ["cpu time", "seconds", RLIMIT.CPU],
  ["file size", "bytes", RLIMIT.FSIZE],
  ["data size", "bytes", RLIMIT.DATA],
  ["stack size", "bytes", RLIMIT.STACK],
  ["core file size", "bytes", RLIMIT.CORE],
  ["resident set", "bytes", RLIMIT.RSS],
  ["processes", "processes", RLIMIT.NPROC],
  ["open files", "files", RLIMIT.NOFILE],
  ["locked memory", "bytes", RLIMIT.MEMLOCK],
  ["address space", "bytes", RLIMIT.AS],
  ["file locks", "locks", RLIMIT.LOCKS],
  ["pending signals", "signals", RLIMIT.SIGPENDING],
  ["msgqueue size", "bytes", RLIMIT.MSGQUEUE],
  ["nice priority", "", RLIMIT.NICE],
  ["realtime priority", "", RLIMIT.RTPRIO],
  ["realtime timeout", "us", RLIMIT.RTTIME],
];

/** @returns one line; a row without a unit ends behind its limits */
function line(name: string, soft: string, hard: string, unit: string): string {
  const columns = [
    name.padEnd(25),
    soft.padEnd(20),
    hard.padEnd(20),
    unit === "" ? "" : unit.padEnd(10),
  ];
  return `${columns.join(" ")}\n`;
}

function value(limit: bigint): string {
  return limit === INFINITY ? "unlimited" : String(limit);
}

/**
 * The text of /proc/PID/limits.
 * @param limitOf gives the limits of a resource, one of RLIMIT
 */
export function procLimits(limitOf: (resource: number) => ProcLimit): string {
  const rows = ROWS.map(([name, unit, resource]) => {
    const { cur, max } = limitOf(resource);
    return line(`Max ${name}`, value(cur), value(max), unit);
  });
  return line("Limit", "Soft Limit", "Hard Limit", "Units") + rows.join("");
}
