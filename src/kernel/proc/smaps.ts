// /proc/PID/smaps and smaps_rollup, byte for byte (man 5 proc). How many pages are in memory is the
// caller's to say; there is one process and no swap, so Pss is Rss, nothing is shared with others
// and nothing swapped out.

import { PAGE_BYTES } from "../../process/options.js";
import { VM } from "../flags.js";
import { mapsLine, rollupLine } from "./maps.js";
import { isShmem, LINUX_6_1, LINUX_6_18, type Region, type Usage } from "../regions.js";

const PAGE_KB = PAGE_BYTES / 1024;

/** The two letters of each bit of vm_flags, in Linux's order: lowest bit first. */
const MNEMONICS: readonly (readonly [number, string])[] = [
  [VM.READ, "rd"],
  [VM.WRITE, "wr"],
  [VM.EXEC, "ex"],
  [VM.SHARED, "sh"],
  [VM.MAYREAD, "mr"],
  [VM.MAYWRITE, "mw"],
  [VM.MAYEXEC, "me"],
  [VM.MAYSHARE, "ms"],
  [VM.GROWSDOWN, "gd"],
  [VM.MAYBE_GUARD, "gu"],
  [VM.LOCKED, "lo"],
  [VM.SEQ_READ, "sr"],
  [VM.RAND_READ, "rr"],
  [VM.DONTCOPY, "dc"],
  [VM.DONTEXPAND, "de"],
  [VM.LOCKONFAULT, "lf"],
  [VM.ACCOUNT, "ac"],
  [VM.NORESERVE, "nr"],
  [VM.WIPEONFORK, "wf"],
  [VM.DONTDUMP, "dd"],
  [VM.HUGEPAGE, "hg"],
  [VM.NOHUGEPAGE, "nh"],
  [VM.MERGEABLE, "mg"],
  [VM.DROPPABLE, "dp"],
  [VM.SEALED, "sl"],
];

/**
 * What smaps writes behind VmFlags.
 * @param flags VM bits
 * @returns `rd wr mr mw me ac ` and the like, with a space behind each
 */
export function vmFlagsText(flags: number): string {
  return MNEMONICS.map(([bit, name]) => ((flags & bit) === 0 ? "" : `${name} `)).join("");
}

/** @returns the bits of vm_flags that a VmFlags line names; unknown letters are skipped */
export function vmFlagsOf(text: string): number {
  const words = new Set(text.split(" "));
  return MNEMONICS.reduce((bits, [bit, name]) => (words.has(name) ? bits | bit : bits), 0) >>> 0;
}

function line(label: string, kilobytes: number): string {
  return `${`${label}:`.padEnd(16)}${String(kilobytes).padStart(8)} kB\n`;
}

/** Sums over mappings, pages. */
interface Sums {
  resident: number;
  dirty: number;
  referenced: number;
  anonymous: number;
  lazy: number;
  shmem: number;
  locked: number;
}

function add(sums: Sums, region: Region, usage: Usage): void {
  sums.resident += usage.resident;
  sums.dirty += usage.dirty;
  sums.referenced += usage.referenced;
  sums.anonymous += usage.anonymous;
  sums.lazy += usage.lazy;
  if (isShmem(region)) sums.shmem += usage.resident;
  if (region.flags & VM.LOCKED) sums.locked += usage.resident;
}

function noSums(): Sums {
  return { resident: 0, dirty: 0, referenced: 0, anonymous: 0, lazy: 0, shmem: 0, locked: 0 };
}

/** The lines that smaps and smaps_rollup have in common. */
function sumLines(sums: Sums, isRollup: boolean, version: number): string {
  const kb = (pages: number) => pages * PAGE_KB;
  const lines = [
    line("Rss", kb(sums.resident)),
    line("Pss", kb(sums.resident)),
    line("Pss_Dirty", kb(sums.dirty)),
  ];
  if (isRollup) {
    const files = sums.resident - sums.anonymous - sums.shmem;
    lines.push(line("Pss_Anon", kb(sums.anonymous)));
    lines.push(line("Pss_File", kb(files)));
    lines.push(line("Pss_Shmem", kb(sums.shmem)));
  }
  lines.push(
    line("Shared_Clean", 0),
    line("Shared_Dirty", 0),
    line("Private_Clean", kb(sums.resident - sums.dirty)),
    line("Private_Dirty", kb(sums.dirty)),
    line("Referenced", kb(sums.referenced)),
    line("Anonymous", kb(sums.anonymous)),
  );
  if (version > LINUX_6_1) lines.push(line("KSM", 0));
  lines.push(line("LazyFree", kb(sums.lazy)));
  const none = ["AnonHugePages", "ShmemPmdMapped", "FilePmdMapped"];
  none.push("Shared_Hugetlb", "Private_Hugetlb", "Swap", "SwapPss");
  lines.push(...none.map((label) => line(label, 0)), line("Locked", kb(sums.locked)));
  return lines.join("");
}

/**
 * One region's entry in smaps; 6.1 has no line "KSM:", and THPeligible's number has no width there.
 * @param version of the kernel, as in the option KERNEL_VERSION
 */
export function smapsEntry(region: Region, usage: Usage, version: number = LINUX_6_18): string {
  const sums = noSums();
  add(sums, region, usage);
  const eligible = version > LINUX_6_1 ? "0".padStart(8) : "0";
  return (
    mapsLine(region) +
    line("Size", (region.end - region.start) / 1024) +
    line("KernelPageSize", PAGE_KB) +
    line("MMUPageSize", PAGE_KB) +
    sumLines(sums, false, version) +
    `${"THPeligible:".padEnd(16)}${eligible}\n` +
    `VmFlags: ${vmFlagsText(region.flags)}\n`
  );
}

/**
 * The text of /proc/PID/smaps.
 * @param regions with what is in memory of each
 * @param version of the kernel, as in the option KERNEL_VERSION
 */
export function procSmaps(
  regions: Iterable<readonly [Region, Usage]>,
  version: number = LINUX_6_18,
): string {
  return [...regions].map(([region, usage]) => smapsEntry(region, usage, version)).join("");
}

/** The text of /proc/PID/smaps_rollup; see procSmaps. */
export function procSmapsRollup(
  regions: Iterable<readonly [Region, Usage]>,
  version: number = LINUX_6_18,
): string {
  const sums = noSums();
  const all = [...regions];
  for (const [region, usage] of all) add(sums, region, usage);
  const start = all[0]?.[0].start ?? 0;
  const end = all.at(-1)?.[0].end ?? 0;
  return rollupLine(start, end) + sumLines(sums, true, version);
}
