import { describe, expect, it } from "vitest";
import { procLimits } from "../../src/kernel/proc/limits.js";
import { procMaps } from "../../src/kernel/proc/maps.js";
import { procSmaps, procSmapsRollup, vmFlagsOf } from "../../src/kernel/proc/smaps.js";
import {
  procStat,
  procStatm,
  procStatus,
  type MemoryCounts,
} from "../../src/kernel/proc/status.js";
import { LINUX_6_1, specialName, type Region, type Usage } from "../../src/kernel/regions.js";
import { golden } from "./support/texts.js";

const LINE = /^([0-9a-f]+)-([0-9a-f]+) (....) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*)$/;
/** The bits behind the letters of a line in maps. */
const FLAG_LETTERS: Readonly<Record<string, number>> = { r: 1, w: 2, x: 4, s: 0x88, p: 0, "-": 0 };

/** The sections of a recording: `== maps` and so on. */
function sections(abi: string): Map<string, string> {
  const parts = golden(`proc.${abi}`).split(/^== (.*)\n/m);
  return new Map(parts.flatMap((name, i) => (i % 2 === 1 ? [[name, parts[i + 1] ?? ""]] : [])));
}

function regionOf(line: string, flags?: number): Region {
  const [, start, end, letters = "", offset, major, minor, inode, name = ""] =
    LINE.exec(line) ?? [];
  const number = (text?: string) => parseInt(text ?? "", 16);
  return {
    start: number(start),
    end: number(end),
    flags: flags ?? [...letters].reduce((bits, letter) => bits | FLAG_LETTERS[letter]!, 0),
    offset: number(offset),
    device: [number(major), number(minor)],
    inode: Number(inode),
    name,
  };
}

function entryOf(text: string): readonly [Region, Usage] {
  const pages = (label: string) =>
    Number(new RegExp(`^${label}: +(\\d+) kB$`, "m").exec(text)![1]) / 4;
  const flags = vmFlagsOf(/^VmFlags: (.*)$/m.exec(text)![1]!);
  return [
    regionOf(text.split("\n", 1)[0]!, flags),
    {
      resident: pages("Rss"),
      dirty: pages("Private_Dirty"),
      referenced: pages("Referenced"),
      anonymous: pages("Anonymous"),
      lazy: pages("LazyFree"),
    },
  ];
}

/** What the kernel's other files say about mm_struct; whatever none says is nought. */
function countsOf(text: ReadonlyMap<string, string>): MemoryCounts {
  const status = (label: string) =>
    Number(new RegExp(`^${label}:\\s+(\\d+) kB$`, "m").exec(text.get("status")!)![1]) / 4;
  const stat = text.get("stat")!.trimEnd().split(") ")[1]!.split(" ");
  const field = (number: number) => Number(stat[number - 3]);
  return {
    startCode: field(26),
    endCode: field(27),
    startStack: field(28),
    startData: field(45),
    endData: field(46),
    startBrk: field(47),
    argStart: field(48),
    argEnd: field(49),
    envStart: field(50),
    envEnd: field(51),
    totalVm: status("VmSize"),
    dataVm: status("VmData"),
    execVm: status("VmExe") + status("VmLib"),
    stackVm: status("VmStk"),
    lockedVm: status("VmLck"),
    pinnedVm: status("VmPin"),
    hiwaterVm: status("VmPeak"),
    hiwaterRss: status("VmHWM"),
    rssAnon: status("RssAnon"),
    rssFile: status("RssFile"),
    rssShmem: status("RssShmem"),
  };
}

describe.each(["ilp32", "lp64"])("Linux's own texts, %s", (abi) => {
  const text = sections(abi);
  const smaps = text.get("smaps")!;
  const entries = smaps.split(/(?<=VmFlags:.*\n)/).map(entryOf);

  it("maps", () => {
    const maps = text.get("maps")!;
    const regions = maps
      .split("\n")
      .slice(0, -1)
      .map((line) => regionOf(line));
    expect(regions.length).toBeGreaterThan(20);
    expect(procMaps(regions)).toBe(maps);
  });

  it("smaps", () => {
    expect(procSmaps(entries)).toBe(smaps);
  });

  it("smaps and smaps_rollup of a process that has nothing but anonymous memory", () => {
    const all = text.get("alone smaps")!;
    const regions = all.split(/(?<=VmFlags:.*\n)/).map(entryOf);
    expect(procSmaps(regions)).toBe(all);
    expect(procSmapsRollup(regions)).toBe(text.get("alone smaps_rollup"));
    // Locked and lazily freed pages, shared ones and untouched ones: sums that differ from each
    // other.
    const sums = [...text.get("alone smaps_rollup")!.matchAll(/ (\d+) kB$/gm)];
    expect(new Set(sums.map(([, sum]) => sum)).size).toBeGreaterThan(6);
  });

  it("limits", () => {
    const rows = text.get("rlimits")!.trimEnd().split("\n");
    const limits = rows.map((row) => row.split(" ").map(BigInt));
    expect(limits).toHaveLength(16);
    const limitOf = (which: number) => ({ cur: limits[which]![0]!, max: limits[which]![1]! });
    expect(procLimits(limitOf)).toBe(text.get("limits"));
  });

  it("status, statm and stat", () => {
    const counts = countsOf(text);
    const tables = Number(/^VmPTE:\s+(\d+) kB$/m.exec(text.get("status")!)![1]) / 4;
    expect(procStatus(counts, tables)).toBe(text.get("status"));
    const [size, resident, shared, code, , data] = text.get("statm")!.split(" ").map(Number);
    // The kernel sums its per-CPU counters less exactly here than there.
    const then = { ...counts, rssFile: shared! - counts.rssShmem, rssAnon: resident! - shared! };
    expect(procStatm({ ...then, totalVm: size! })).toBe(text.get("statm"));
    expect([code, data]).toEqual([1, counts.dataVm + counts.stackVm]);
    const stat = text.get("stat")!;
    const words = stat.trimEnd().split(") ")[1]!.split(" ");
    const at = { ...counts, totalVm: Number(words[20]) / 4096, rssAnon: Number(words[21]) };
    expect(procStat({ ...at, rssFile: 0, rssShmem: 0 }, stat)).toBe(stat);
    expect(procStat(counts).split(" ")).toHaveLength(52);
  });
});

describe("names", () => {
  const marks = { startBrk: 0x20000, brk: 0x22010, startStack: 0x90000 };
  const name = (start: number, end: number, version?: number) =>
    specialName({ start, end }, marks, version);

  it("[heap] is whatever overlaps start_brk..brk: three lines after an mprotect in the middle", () => {
    expect(name(0x20000, 0x21000)).toBe("[heap]");
    expect(name(0x21000, 0x22000)).toBe("[heap]");
    expect(name(0x22000, 0x23000)).toBe("[heap]");
    expect(name(0x23000, 0x24000)).toBe("");
  });

  it("on 6.1 a neighbour that touches start_brk counted too", () => {
    expect(name(0x1f000, 0x20000)).toBe("");
    expect(name(0x1f000, 0x20000, LINUX_6_1)).toBe("[heap]");
  });

  it("an empty heap has no line; the stack holds start_stack", () => {
    expect(specialName({ start: 0x1f000, end: 0x20000 }, { ...marks, brk: 0x20000 })).toBe("");
    expect(name(0x80000, 0x91000)).toBe("[stack]");
  });
});

describe("on Linux 6.1", () => {
  it("smaps has no KSM and a bare THPeligible", () => {
    const region = { start: 0x20000, end: 0x22000, flags: 0x100073, offset: 0, inode: 0 };
    const usage = { resident: 1, dirty: 1, referenced: 1, anonymous: 1, lazy: 0 };
    const entry = [{ ...region, device: [0, 0], name: "[heap]" }, usage] as const;
    const text = procSmaps([entry], LINUX_6_1);
    expect(text).not.toContain("KSM");
    expect(text).toContain("THPeligible:    0\nVmFlags: rd wr mr mw me ac \n");
  });
});
