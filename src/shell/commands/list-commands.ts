// bins and its parts: the lists of free chunks.

import { isDamage, type Damage } from "../../inspect/damage.js";
import {
  binCount,
  binKind,
  cacheLists,
  fastbinsOf,
  hasFastbins,
  FIRST_LARGE_CACHE,
  readThreads,
  walkBin,
  walkFastbin,
  type Entry,
} from "../../inspect/lists.js";
import { hex, type HeapSource } from "../../inspect/source.js";
import { cachedSizesText } from "../../inspect/steps.js";
import { wrap } from "../tables.js";
import type { Arena } from "../../inspect/arenas.js";
import type { HeapCommand } from "./registry.js";
import { painted, type Report, type Style } from "./report.js";
import type { Subject } from "../subject.js";

type Kind = "tcache" | "fastbin" | "unsorted" | "smallbin" | "largebin";

/** A list, read. */
interface List {
  readonly kind: Kind;
  readonly bin: number;
  /** Whose it is: `thread 0`, `main_arena`. */
  readonly owner: string;
  /** The sizes of its chunks, in words. */
  readonly sizes: string;
  /** What a tcache bin says that it has. */
  readonly count?: number | undefined;
  readonly chunks: readonly Entry[];
  readonly damages: readonly Damage[];
}

function list(walk: Iterable<Entry | Damage>, rest: Omit<List, "chunks" | "damages">): List {
  const all = [...walk];
  return {
    ...rest,
    chunks: all.filter((one) => !isDamage(one)),
    damages: all.filter((one) => isDamage(one)),
  };
}

function ownerOf(source: HeapSource, { address }: Arena): string {
  return address === source.places.mainArena ? "main_arena" : `arena ${hex(address)}`;
}

function tcacheLists(source: HeapSource): List[] {
  return readThreads(source).flatMap(({ number, tcache }) =>
    tcache === 0
      ? []
      : Array.from(cacheLists(source, tcache), ({ index: bin, count, walk }) => {
          const sizes = source.profile === "throughput" ? "" : cachedSizesText(bin, source.abi);
          return list(walk, { kind: "tcache", bin, owner: `thread ${number}`, sizes, count });
        }),
  );
}

function fastLists(source: HeapSource, arena: Arena): List[] {
  const step = source.abi === "ilp32" ? 8 : 16;
  return fastbinsOf(arena).map((_, bin) =>
    list(walkFastbin(source, arena, bin), {
      ...{ kind: "fastbin", bin, owner: ownerOf(source, arena), sizes: hex((bin + 2) * step) },
    }),
  );
}

function binLists(source: HeapSource, arena: Arena): List[] {
  const owner = ownerOf(source, arena);
  return Array.from({ length: binCount(source) - 1 }, (_, i) => {
    const bin = i + 1;
    const kind = binKind(bin);
    const found = list(walkBin(source, arena.address, bin), { kind, bin, owner, sizes: "" });
    const sizes = found.chunks.map(({ size }) => size);
    const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
    const text = least === most ? hex(least) : `${hex(least)} to ${hex(most)}`;
    return { ...found, sizes: sizes.length === 0 ? "" : text };
  });
}

/** @returns all lists of a heap, of some kinds */
export function listsOf(subject: Subject, kinds: readonly Kind[]): List[] {
  const { source } = subject;
  const { arenas } = subject.view();
  const all = [
    ...tcacheLists(source),
    ...arenas.flatMap((arena) => fastLists(source, arena)),
    ...arenas.flatMap((arena) => binLists(source, arena)),
  ];
  return all.filter(({ kind }) => kinds.includes(kind));
}

const TITLES: Readonly<Record<Kind, string>> = {
  tcache: "tcachebins",
  fastbin: "fastbins",
  unsorted: "unsortedbin",
  smallbin: "smallbins",
  largebin: "largebins",
};

function* listLines({ bin, sizes, count, chunks, damages, kind }: List, style: Style) {
  const { colors, width } = style;
  const number = kind === "unsorted" ? "all" : `[${bin}]`;
  const noun = chunks.length === 1 ? "chunk" : "chunks";
  const told = count === undefined || count === chunks.length ? "" : `, its count says ${count}`;
  const head = `${number.padEnd(5)} ${sizes.padEnd(10)} ${chunks.length} ${noun}${told}: `;
  const links = chunks.map(
    ({ chunk, mem }) => `${hex(chunk)}${width > 100 ? ` (${hex(mem)})` : ""}`,
  );
  const end = damages.length > 0 ? ["corrupt"] : ["0x0"];
  const shown = kind === "tcache" || kind === "fastbin" ? [...links, ...end] : links;
  const [first = "", ...rest] = wrap(head + shown.join(" -> "), width - 8).split("\n");
  yield `  ${painted(first, kind, colors)}`;
  for (const line of rest) yield `        ${painted(line, kind, colors)}`;
  for (const { at, why } of damages)
    for (const line of wrap(`corrupt at ${hex(at)}: ${why}`, width - 8).split("\n"))
      yield `        ${colors.red(line)}`;
}

/** What is said of fast bins where there are none. */
export const NO_FASTBINS = "none: this glibc has no fast bins (they went with 2.43)";

/** The order of the chunks in lists. */
function orderText(kinds: readonly Kind[], lists: readonly List[]): string {
  const isSorted = lists.some(({ kind, bin }) => kind === "tcache" && bin >= FIRST_LARGE_CACHE);
  const cached = isSorted ? `; in tcache from ${FIRST_LARGE_CACHE} on smallest first` : "";
  if (!kinds.includes("largebin")) return `chunks, newest first${cached}`;
  if (kinds.length === 1) return "chunks, largest first";
  return `chunks, newest first; in large bins largest first${cached}`;
}

function report(subject: Subject, kinds: readonly Kind[], showsEmpty: boolean): Report {
  const lists = listsOf(subject, kinds);
  const shown = lists.filter(
    ({ chunks, damages, count }) =>
      showsEmpty || chunks.length > 0 || damages.length > 0 || (count ?? 0) > 0,
  );
  return {
    json: { of: subject.name, lists: shown },
    *lines(style) {
      yield style.colors.dim(subject.name);
      const isMissing = kinds.includes("fastbin") && !hasFastbins(subject.source);
      if (isMissing && kinds.length === 1) {
        yield NO_FASTBINS;
        return;
      }
      yield* wrap(orderText(kinds, shown), style.width).split("\n").map(style.colors.dim);
      for (const kind of kinds) {
        if (kind === "fastbin" && isMissing) continue;
        const of = shown.filter((one) => one.kind === kind);
        const owners = [...new Set(of.map(({ owner }) => owner))];
        if (owners.length === 0) yield `${style.colors.bold(TITLES[kind])}: empty`;
        for (const owner of owners) {
          yield `${style.colors.bold(TITLES[kind])} of ${owner}`;
          for (const one of of) if (one.owner === owner) yield* listLines(one, style);
        }
      }
    },
  };
}

const VERBOSE = { flags: "-v, --verbose", text: "show empty ones, too" } as const;

function listCommand(
  name: string,
  summary: string,
  kinds: readonly Kind[],
  aliases: readonly string[] = [],
): HeapCommand {
  return {
    ...{ name, aliases, summary, flags: [VERBOSE], examples: ["", "--at 1000"] },
    run: (subject, { options }) => report(subject, kinds, options.verbose === true),
  };
}

const ALL = Object.keys(TITLES) as Kind[];

/** The commands of this file. */
export const LIST_COMMANDS = [
  listCommand("bins", "show all lists of free chunks", ALL),
  listCommand("tcachebins", "show what each thread's tcache holds", ["tcache"], ["tcache"]),
  listCommand("fastbins", "show the fast bins", ["fastbin"]),
  listCommand("unsortedbin", "show the unsorted bin", ["unsorted"]),
  listCommand("smallbins", "show the small bins", ["smallbin"]),
  listCommand("largebins", "show the large bins", ["largebin"]),
] as const;
