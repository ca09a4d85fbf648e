// arena, arenas, heap_info, mp, malloc_info, malloc_stats: malloc's own books.

import { readArenas, readMallocPar, type Arena } from "../../inspect/arenas.js";
import { mallocInfo, mallocStats } from "../../inspect/malloc-info.js";
import { segmentsOf } from "../../inspect/segments.js";
import { readThreads } from "../../inspect/lists.js";
import { hex, type HeapSource } from "../../inspect/source.js";
import { numberFields } from "../../inspect/words.js";
import { UserError } from "../../base/user-error.js";
import { table } from "../tables.js";
import { ADDRESS_HELP, addressOf } from "./address.js";
import type { HeapCommand } from "./registry.js";
import type { Report, Style } from "./report.js";
import type { Subject } from "../subject.js";

function nameOf(source: HeapSource, { address }: Arena): string {
  return address === source.places.mainArena ? "main_arena" : "arena";
}

/** C's name of a field: `systemMem` is system_mem. */
function cName(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A struct's fields as a table: name, value, value in decimal. */
function structLines(values: object, style: Style): string[] {
  const rows = numberFields(values).map(([name, value]) => [
    cName(name),
    hex(value),
    String(value),
  ]);
  const columns = [{}, { align: "right" }, { align: "right", priority: 1 }] as const;
  return table({ columns, rows, width: style.width, indent: "  " }).split("\n");
}

const arenas: HeapCommand = {
  name: "arenas",
  summary: "list the arenas: their heaps, top, what they got from the kernel, and their threads",
  examples: ["", "--at 5000"],
  run(subject) {
    const { source } = subject;
    const all = readArenas(source);
    const threads = readThreads(source);
    const usersOf = ({ address }: Arena) =>
      threads.filter(({ arena }) => arena === address).map(({ number }) => number);
    const rows = all.map((arena) => ({
      address: arena.address,
      name: nameOf(source, arena),
      heaps: arena.heaps.map(({ address }) => address),
      segments: segmentsOf(source, arena),
      top: arena.state.top,
      systemMem: arena.state.systemMem,
      maxSystemMem: arena.state.maxSystemMem,
      attachedThreads: arena.state.attachedThreads,
      threads: usersOf(arena),
    }));
    return {
      json: { of: subject.name, arenas: rows },
      *lines(style) {
        yield style.colors.dim(subject.name);
        const columns = [
          { head: "arena" },
          { head: "address", align: "left" },
          { head: "top", align: "left" },
          { head: "system_mem" },
          { head: "max_system_mem", priority: 2 },
          { head: "heaps" },
          { head: "threads", align: "left", priority: 1 },
        ] as const;
        const cells = rows.map((row) => [
          row.name,
          hex(row.address),
          hex(row.top),
          hex(row.systemMem),
          hex(row.maxSystemMem),
          row.heaps.length,
          row.threads.join(" ") || "none",
        ]);
        const { width, colors } = style;
        yield* table({ columns, rows: cells, width, colors }).split("\n");
      },
    };
  },
};

/** @returns the arena at an address, or main_arena @throws UserError */
function arenaNamed(subject: Subject, text: string | undefined): Arena {
  const all = readArenas(subject.source);
  if (text === undefined) return all[0]!;
  const address = addressOf(subject, text, "ADDRESS");
  const found = all.find((one) => one.address === address);
  if (found !== undefined) return found;
  const known = all.map((one) => hex(one.address)).join(", ");
  throw new UserError(`${text}: no arena; there are ${known}`);
}

const ARENA = {
  name: "address",
  text: `of the arena (main_arena): ${ADDRESS_HELP}`,
  isOptional: true,
} as const;

const arena: HeapCommand = {
  name: "arena",
  summary: "show an arena's malloc_state",
  parameters: [ARENA],
  examples: ["", "main_arena"],
  run(subject, { args }) {
    const found = arenaNamed(subject, args[0]);
    return {
      json: { of: subject.name, address: found.address, state: found.state },
      *lines(style) {
        yield `${style.colors.bold(nameOf(subject.source, found))} ${hex(found.address)}`;
        yield* structLines(found.state, style);
        yield `  binmap  ${found.state.binmap.map((word) => hex(word)).join(" ")}`;
        yield style.colors.dim("  its lists: bins, fastbins, unsortedbin, smallbins, largebins");
      },
    };
  },
};

const heapInfo: HeapCommand = {
  name: "heap_info",
  summary: "show the heaps of arenas other than main_arena: their heap_info chains",
  examples: [""],
  run(subject) {
    const found = readArenas(subject.source).slice(1);
    return {
      json: {
        of: subject.name,
        arenas: found.map(({ address, heaps }) => ({ address, heaps })),
      },
      *lines(style) {
        if (found.length === 0) yield "none: main_arena lies on the break, and has no heap_info";
        for (const { address, heaps } of found) {
          yield style.colors.bold(`arena ${hex(address)}, the last heap first`);
          for (const { address: at, ...info } of heaps) {
            yield `  heap_info ${hex(at)}`;
            yield* structLines(info, style);
          }
        }
      },
    };
  },
};

const mp: HeapCommand = {
  name: "mp",
  summary: "show malloc_par, mp_: thresholds, limits and counts of the whole process",
  examples: [""],
  run(subject) {
    const values = readMallocPar(subject.source);
    return {
      json: { of: subject.name, address: subject.source.places.mallocPar, mp: values },
      *lines(style) {
        yield `${style.colors.bold("mp_")} ${hex(subject.source.places.mallocPar)}`;
        yield* structLines(values, style);
      },
    };
  },
};

function textCommand(name: string, summary: string, text: (source: HeapSource) => string) {
  return {
    ...{ name, summary, examples: [""] },
    run(subject: Subject): Report {
      const written = text(subject.source);
      return {
        json: { of: subject.name, text: written },
        lines: () => written.trimEnd().split("\n"),
        isVerbatim: true,
      };
    },
  };
}

/** The commands of this file. */
export const ARENA_COMMANDS: readonly HeapCommand[] = [
  arenas,
  arena,
  heapInfo,
  mp,
  textCommand("malloc_info", "print what malloc_info(3) prints, letter for letter", mallocInfo),
  textCommand("malloc_stats", "print what malloc_stats(3) prints, letter for letter", mallocStats),
];
