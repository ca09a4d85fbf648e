// The memory lines of /proc/PID/status, and /proc/PID/statm and stat, byte for byte (man 5 proc).

import { PAGE_BYTES } from "../../process/options.js";
import type { MmStruct } from "../../layout/generated.js";

const PAGE_KB = PAGE_BYTES / 1024;

/**
 * The fields of mm_struct that these files are made of. Addresses in bytes, all else in pages.
 * @interface
 */
export type MemoryCounts = Pick<
  MmStruct,
  | "startCode"
  | "endCode"
  | "startData"
  | "endData"
  | "startBrk"
  | "startStack"
  | "argStart"
  | "argEnd"
  | "envStart"
  | "envEnd"
  | "totalVm"
  | "dataVm"
  | "execVm"
  | "stackVm"
  | "lockedVm"
  | "pinnedVm"
  | "hiwaterVm"
  | "hiwaterRss"
  | "rssAnon"
  | "rssFile"
  | "rssShmem"
>;

/** Pages that the program's code takes, first and last one whole. */
function textPages(mm: MemoryCounts): number {
  return Math.ceil(mm.endCode / PAGE_BYTES) - Math.floor(mm.startCode / PAGE_BYTES);
}

function residentPages(mm: MemoryCounts): number {
  return mm.rssAnon + mm.rssFile + mm.rssShmem;
}

/**
 * The memory lines of /proc/PID/status, from VmPeak to HugetlbPages.
 * @param pageTablePages pages that page tables take (VmPTE): not part of mm_struct's own numbers
 */
export function procStatus(mm: MemoryCounts, pageTablePages: number): string {
  const resident = residentPages(mm);
  const text = Math.min(textPages(mm), mm.execVm);
  const values: readonly (readonly [string, number])[] = [
    ["VmPeak", Math.max(mm.hiwaterVm, mm.totalVm)],
    ["VmSize", mm.totalVm],
    ["VmLck", mm.lockedVm],
    ["VmPin", mm.pinnedVm],
    ["VmHWM", Math.max(mm.hiwaterRss, resident)],
    ["VmRSS", resident],
    ["RssAnon", mm.rssAnon],
    ["RssFile", mm.rssFile],
    ["RssShmem", mm.rssShmem],
    ["VmData", mm.dataVm],
    ["VmStk", mm.stackVm],
    ["VmExe", text],
    ["VmLib", mm.execVm - text],
    ["VmPTE", pageTablePages],
    ["VmSwap", 0],
    ["HugetlbPages", 0],
  ];
  return values
    .map(([label, pages]) => `${label}:\t${String(pages * PAGE_KB).padStart(8)} kB\n`)
    .join("");
}

/** The text of /proc/PID/statm: size, resident, shared, text, lib, data and dirty, in pages. */
export function procStatm(mm: MemoryCounts): string {
  const shared = mm.rssFile + mm.rssShmem;
  const data = mm.dataVm + mm.stackVm;
  return `${[mm.totalVm, residentPages(mm), shared, textPages(mm), 0, data, 0].join(" ")}\n`;
}

/** RLIM_INFINITY as stat writes it. */
const UNLIMITED = "18446744073709551615";

/**
 * The memory fields of /proc/PID/stat by number (from 1): vsize (23), rss (24), rsslim (25),
 * startcode, endcode, startstack (26-28), start_data, end_data, start_brk, arg_start, arg_end,
 * env_start, env_end (45-51).
 */
export function statFields(mm: MemoryCounts): ReadonlyMap<number, string> {
  const fields: readonly (readonly [number, number | string])[] = [
    [23, mm.totalVm * PAGE_BYTES],
    [24, residentPages(mm)],
    [25, UNLIMITED],
    [26, mm.startCode],
    [27, mm.endCode],
    [28, mm.startStack],
    [45, mm.startData],
    [46, mm.endData],
    [47, mm.startBrk],
    [48, mm.argStart],
    [49, mm.argEnd],
    [50, mm.envStart],
    [51, mm.envEnd],
  ];
  return new Map(fields.map(([number, value]) => [number, String(value)]));
}

/** A process that has done nothing but use memory: everything else in its /proc/PID/stat. */
const IDLE = "1 (process) R 0 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 0";

/**
 * The text of /proc/PID/stat. Its fields about memory are the model's; the others are those of a
 * process that has done nothing.
 * @param others a line of stat to take the other fields from
 */
export function procStat(mm: MemoryCounts, others?: string): string {
  const line = others?.trimEnd() ?? [IDLE, ...new Array<string>(30).fill("0")].join(" ");
  // The command's name, in parentheses, may have spaces in it.
  const end = line.lastIndexOf(")") + 1;
  const begin = line.slice(0, end);
  const words = line.slice(end + 1).split(" ");
  for (const [number, value] of statFields(mm)) words[number - 3] = value;
  return `${begin} ${words.join(" ")}\n`;
}
