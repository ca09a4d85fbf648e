// check, vmmap, frag, sizes, leaks: whether the heap is sound, and where the space goes.

import { heapMaxBytes } from "../../inspect/arenas.js";
import { checkProcess } from "../../inspect/checks.js";
import { isDamage } from "../../inspect/damage.js";
import type { ChunkView } from "../../inspect/chunks.js";
import { mappedChunkAt } from "../../inspect/mapped.js";
import { isVisible, walkRegions } from "../../inspect/regions.js";
import { hex, readHead, type HeapSource } from "../../inspect/source.js";
import { mmOf } from "../../inspect/words.js";
import { permissions } from "../../kernel/proc/maps.js";
import { kindOf, labelOf, slotOf } from "../../trace/trace.js";
import { IS_MMAPPED, OpKind } from "../../layout/generated.js";
import { formatBytes, formatCount, formatShare } from "../../base/format.js";
import { UserError } from "../../base/user-error.js";
import { table } from "../tables.js";
import type { HeapCommand } from "./registry.js";
import { damageLines, painted } from "./report.js";
import type { Subject } from "../subject.js";

/** A line of vmmap: a region, or a gap. */
interface Space {
  readonly start: number;
  readonly end: number;
  /** `rw-p`; "" for a gap. */
  readonly permissions: string;
  readonly what: string;
}

/** What a region is, as far as malloc knows. */
function regionName(subject: Subject): (start: number, end: number) => string {
  const { startBrk, brk } = mmOf(subject.source);
  const view = subject.view();
  const heaps = view.arenas.flatMap(({ heaps: all }) => all);
  const most = heapMaxBytes(subject.source);
  return (start, end) => {
    if (start < brk && end > startBrk) return "[heap]";
    const heap = heaps.find(({ address }) => address <= start && start < address + most);
    if (heap !== undefined && start - heap.address < heap.mprotectSize) return "heap of an arena";
    if (heap !== undefined) return "reserved by a heap";
    return mappedChunkAt(subject.source, start, end) === undefined ? "" : "mapped chunks";
  };
}

function spacesOf(subject: Subject): Space[] {
  const { taskSize } = mmOf(subject.source);
  const nameOf = regionName(subject);
  const spaces: Space[] = [];
  let end = 0;
  for (const region of walkRegions(subject.source)) {
    if (isDamage(region)) continue;
    if (region.start > end)
      spaces.push({ start: end, end: region.start, permissions: "", what: "gap" });
    ({ end } = region);
    const what = isVisible(region) ? nameOf(region.start, region.end) : "kernel and libc";
    const rights = isVisible(region) ? permissions(region.flags) : "";
    spaces.push({ start: region.start, end, permissions: rights, what });
  }
  if (taskSize > end) spaces.push({ start: end, end: taskSize, permissions: "", what: "gap" });
  return spaces;
}

const vmmap: HeapCommand = {
  name: "vmmap",
  summary: "show the address space with its gaps, and the largest free one",
  examples: ["", "--layout top-down"],
  run(subject) {
    const spaces = spacesOf(subject);
    const gaps = spaces.filter(({ what }) => what === "gap");
    const largest = gaps.reduce((most, gap) =>
      gap.end - gap.start > most.end - most.start ? gap : most,
    );
    const mapped = spaces.reduce(
      (sum, { start, end, permissions: rights }) => (rights === "" ? sum : sum + end - start),
      0,
    );
    return {
      json: { of: subject.name, spaces, largestGap: largest, mappedBytes: mapped },
      *lines(style) {
        const { colors, width } = style;
        yield colors.dim(subject.name);
        const columns = [
          { head: "start" },
          { head: "end", align: "left" },
          { head: "", align: "left" },
          { head: "size" },
          { head: "what", align: "left" },
        ] as const;
        const rows = spaces.map(({ start, end, permissions: rights, what }) => [
          hex(start),
          hex(end),
          rights,
          formatBytes(end - start),
          what === "gap" ? colors.dim(what) : what,
        ]);
        yield* table({ columns, rows, width, colors }).split("\n");
        const { start, end } = largest;
        yield `mapped ${formatBytes(mapped)}; largest gap ${formatBytes(end - start)} at ${hex(start)}`;
      },
    };
  },
};

function chunksOf(subject: Subject): ChunkView[] {
  return [...subject.view().chunks()].filter((one) => !isDamage(one));
}

const IN_USE: ReadonlySet<string> = new Set(["used", "tcache-struct", "mmapped"]);

/** Cells of a fragmentation map. */
const CELLS = 512;

const frag: HeapCommand = {
  name: "frag",
  summary: "show how fragmented the heap is: a map, free bytes by list, the largest free chunk",
  examples: ["", "--at 100000"],
  run(subject) {
    const all = chunksOf(subject).filter(({ flags }) => (flags & IS_MMAPPED) === 0);
    const bytes = (states: (state: string) => boolean): number =>
      all.reduce((sum, { state, size }) => (states(state) ? sum + size : sum), 0);
    const total = bytes(() => true);
    const used = bytes((state) => IN_USE.has(state));
    const top = bytes((state) => state === "top");
    const cached = bytes((state) => state === "tcache" || state === "fastbin");
    const binned = total - used - top - cached;
    const largest = all.reduce(
      (most, { state, size }) =>
        IN_USE.has(state) || state === "top" ? most : Math.max(most, size),
      0,
    );
    // Of the bytes that are free and not at the end: how many a request of the largest size misses.
    const scattered = cached + binned === 0 ? 0 : 1 - largest / (cached + binned);
    const json = { total, used, top, cached, binned, largestFree: largest, scattered };
    const cells = cellsOf(all);
    return {
      json: { of: subject.name, ...json, map: cells },
      *lines(style) {
        const { colors, width } = style;
        yield colors.dim(subject.name);
        const room = Math.min(width - 2, 64);
        const text = cells.map(cellText).join("");
        // Rows of nothing but top, at the end, are as good as one.
        const end = text.replace(/T+$/, "").length + room;
        for (let from = 0; from < text.length && from < end; from += room)
          yield `  ${text.slice(from, from + room)}`;
        yield colors.dim("  # in use, + mostly, - partly, . free, T top (one row of it at most)");
        const rows = [
          ["in use", used],
          ["free in bins", binned],
          ["free in tcache and fast bins", cached],
          ["top", top],
        ] as const;
        const columns = [{}, {}, {}] as const;
        const shown = rows.map(([name, part]) => [
          name,
          formatBytes(part),
          formatShare(total === 0 ? 0 : part / total),
        ]);
        yield* table({ columns, rows: shown, width, indent: "  " }).split("\n");
        yield `  largest free chunk ${formatBytes(largest)}; of the free bytes below top,`;
        yield `  ${formatShare(scattered)} are scattered: not in that chunk`;
      },
    };
  },
};

/** How much of a cell is in use, 0 to 1; 2 is top. */
function cellsOf(chunks: readonly ChunkView[]): number[] {
  const total = chunks.reduce((sum, { size }) => sum + size, 0);
  if (total === 0) return [];
  const step = total / CELLS;
  const used = new Array<number>(CELLS).fill(0);
  const tops = new Array<number>(CELLS).fill(0);
  let at = 0;
  for (const { state, size } of chunks) {
    const share = IN_USE.has(state) ? used : state === "top" ? tops : undefined;
    let left = size;
    while (left > 0.5) {
      const cell = Math.min(CELLS - 1, Math.floor(at / step));
      const part = cell === CELLS - 1 ? left : Math.min(left, (cell + 1) * step - at || step);
      if (share !== undefined) share[cell]! += part / step;
      at += part;
      left -= part;
    }
  }
  return used.map((share, i) => (tops[i]! > 0.5 ? 2 : Math.min(1, share)));
}

function cellText(share: number): string {
  if (share === 2) return "T";
  if (share > 0.99) return "#";
  if (share > 0.5) return "+";
  return share > 0.01 ? "-" : ".";
}

const sizes: HeapCommand = {
  name: "sizes",
  summary: "show a histogram of chunk sizes: in use and free, by powers of two",
  examples: [""],
  run(subject) {
    const counts = new Map<number, { used: number; free: number; bytes: number }>();
    for (const { state, size } of chunksOf(subject)) {
      if (state === "top" || state === "fencepost") continue;
      const bucket = 2 ** Math.floor(Math.log2(size));
      const row = counts.get(bucket) ?? { used: 0, free: 0, bytes: 0 };
      row[IN_USE.has(state) ? "used" : "free"]++;
      row.bytes += size;
      counts.set(bucket, row);
    }
    const rows = [...counts].sort(([a], [b]) => a - b).map(([from, row]) => ({ from, ...row }));
    return {
      json: { of: subject.name, sizes: rows },
      *lines(style) {
        const { colors, width } = style;
        yield colors.dim(subject.name);
        const most = Math.max(1, ...rows.map(({ used, free }) => used + free));
        const columns = [
          { head: "chunks of", align: "left" },
          { head: "in use" },
          { head: "free" },
          { head: "bytes" },
          { head: "", align: "left", priority: 1 },
        ] as const;
        const room = Math.max(4, Math.min(40, width - 56));
        const cells = rows.map(({ from, used, free, bytes }) => [
          `${hex(from)} to ${hex(2 * from - 1)}`,
          formatCount(used),
          formatCount(free),
          formatBytes(bytes),
          "#".repeat(Math.round((used / most) * room)) +
            painted("-".repeat(Math.round((free / most) * room)), "tcache", colors),
        ]);
        yield* table({ columns, rows: cells, width, colors }).split("\n");
      },
    };
  },
};

/** Blocks that nobody frees, of one kind of call. */
interface Leak {
  readonly label: string;
  readonly blocks: number;
  readonly bytes: number;
  /** The first operations that made them. */
  readonly operations: readonly number[];
}

const MOST_OPERATIONS = 5;

const leaks: HeapCommand = {
  name: "leaks",
  summary: "group the blocks that are live now and that the trace never frees, by label or size",
  examples: ["", "--at 1000"],
  run(subject) {
    const { trace } = subject;
    if (trace === undefined)
      throw new UserError("leaks needs a trace: only that knows what is freed later");
    const freed = new Set<number>();
    const groups = new Map<string, { blocks: number; bytes: number; operations: number[] }>();
    for (let index = trace.count - 1; index >= 0; index--) {
      const slot = slotOf(trace.idKinds[index]!);
      const kind = kindOf(trace.idKinds[index]!);
      if (kind === OpKind.FREE) freed.add(slot);
      if (kind === OpKind.FREE || freed.has(slot)) continue;
      freed.add(slot);
      const mem = subject.blockOf(index);
      if (mem === 0) continue;
      const bytes = usedBytes(subject.source, mem);
      const label = labelOf(trace, index) || `chunks of ${hex(bytes)}`;
      const group = groups.get(label) ?? { blocks: 0, bytes: 0, operations: [] };
      group.blocks++;
      group.bytes += bytes;
      group.operations.unshift(index);
      groups.set(label, group);
    }
    const all = [...groups]
      .map(([label, group]): Leak => ({
        label,
        ...group,
        operations: group.operations.slice(0, MOST_OPERATIONS),
      }))
      .sort((a, b) => b.bytes - a.bytes);
    return {
      json: { of: subject.name, leaks: all },
      *lines(style) {
        const { colors, width } = style;
        yield colors.dim(subject.name);
        if (all.length === 0) yield "no block is live that the trace does not free later";
        const columns = [
          { head: "bytes", align: "right" },
          { head: "blocks" },
          { head: "by", align: "left", wraps: true },
          { head: "first operations", align: "left", priority: 1 },
        ] as const;
        const rows = all.map(({ label, blocks, bytes, operations }) => [
          formatCount(bytes),
          formatCount(blocks),
          label,
          operations.map((one) => `@${one}`).join(" "),
        ]);
        if (rows.length > 0) yield* table({ columns, rows, width, colors }).split("\n");
      },
    };
  },
};

function usedBytes(source: HeapSource, mem: number): number {
  const { mchunkSize, fd } = source.structs.Chunk.fields;
  return readHead(source, mem - fd.offset + mchunkSize.offset).size;
}

const check: HeapCommand = {
  name: "check",
  summary: "check everything: chunks, lists, regions, and the whole-heap checker's invariants",
  examples: ["", "--at 1000"],
  run(subject) {
    const view = subject.view();
    const damages = [
      ...[...walkRegions(subject.source)].filter((one) => isDamage(one)),
      ...[...view.chunks()].filter((one) => isDamage(one)),
      ...view.filings.damages,
    ];
    const found = subject.process && checkProcess(subject.process);
    if (found !== undefined) damages.push(found);
    return {
      json: { of: subject.name, damages },
      *lines(style) {
        if (damages.length === 0) yield style.colors.green("sound");
        for (const one of damages) yield* damageLines(one, style);
      },
    };
  },
};

/** The commands of this file. */
export const SPACE_COMMANDS: readonly HeapCommand[] = [check, vmmap, frag, sizes, leaks];
