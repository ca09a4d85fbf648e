// heap, vis, malloc_chunk, top_chunk, whatis: chunks one by one.

import { memOf, wordBytes } from "../../layout/address.js";
import { IS_MMAPPED, PREV_INUSE } from "../../layout/generated.js";
import type { StructLayout } from "../../layout/struct.js";
import { flagNames, type ChunkState, type ChunkView, type HeapView } from "../../inspect/chunks.js";
import { isDamage, sound, type Damage } from "../../inspect/damage.js";
import { revealed } from "../../inspect/lists.js";
import { mappedOffset } from "../../inspect/mapped.js";
import { isVisible, walkRegions } from "../../inspect/regions.js";
import { hex, hexWord, isInside, readHead, type HeapSource } from "../../inspect/source.js";
import { mmOf } from "../../inspect/words.js";
import { UserError } from "../../base/user-error.js";
import { wrap } from "../tables.js";
import { ADDRESS_HELP, addressOf, numberOf } from "./address.js";
import type { Given, HeapCommand } from "./registry.js";
import { chunkLine, damageLines, painted, stateText, type Report, type Style } from "./report.js";
import type { Subject } from "../subject.js";

/** @returns a chunk as JSON has it */
export function chunkRecord(chunk: ChunkView): object {
  return { ...chunk, flagNames: flagNames(chunk.flags), text: stateText(chunk) };
}

/** Chunks from an address on, so many at most. */
function* chosen(
  view: HeapView,
  subject: Subject,
  { options }: Given,
): Generator<ChunkView | Damage, void, undefined> {
  const from = typeof options.from === "string" ? addressOf(subject, options.from, "--from") : 0;
  let left = typeof options.count === "string" ? numberOf(options.count, "--count") : Infinity;
  for (const one of view.chunks()) {
    if (!isDamage(one) && one.chunk + one.size <= from) continue;
    if (left-- <= 0) return;
    yield one;
  }
}

const RANGE = [
  { flags: "--from <address>", text: `begin with the chunk at this address: ${ADDRESS_HELP}` },
  { flags: "--count <n>", text: "show so many at most" },
] as const;

/**
 * A list of chunks, read as it is written.
 * @param linesOf a chunk
 * @param tellsLists whether people are told what is wrong with the lists, too
 */
function chunkList(
  subject: Subject,
  given: Given,
  linesOf: (chunk: ChunkView, style: Style) => Iterable<string>,
  tellsLists = false,
): Report {
  const view = subject.view();
  return {
    get json() {
      const damages: Damage[] = [];
      const chunks = sound(chosen(view, subject, given), damages).map(chunkRecord);
      return { of: subject.name, chunks, damages: [...damages, ...view.filings.damages] };
    },
    *lines(style) {
      yield style.colors.dim(subject.name);
      for (const one of chosen(view, subject, given))
        yield* isDamage(one) ? damageLines(one, style) : linesOf(one, style);
      if (!tellsLists) return;
      for (const one of view.filings.damages) yield* damageLines(one, style);
    },
  };
}

const heap: HeapCommand = {
  name: "heap",
  summary: "list every chunk: address, size, flags, and which list a free one is in",
  flags: RANGE,
  examples: ["", "--at 1000 --count 20", "--from top"],
  run(subject, given) {
    return chunkList(subject, given, (chunk, style) => [chunkLine(chunk, style)], true);
  },
};

/** Rows of a chunk that are shown before the rest is left out; top has nothing but its header. */
const ROWS = 8;
const TOP_ROWS = 1;

const vis: HeapCommand = {
  name: "vis",
  aliases: ["vis_heap_chunks"],
  summary: "show the heap's words, chunk by chunk, each chunk in the colour of its state",
  flags: [...RANGE, { flags: "--all", text: "leave out nothing of long chunks" }],
  examples: ["--count 10", "--from @100 --count 3 --all"],
  run(subject, given) {
    const mostOf = ({ state }: ChunkView): number => {
      if (given.options.all === true) return Infinity;
      return state === "top" ? TOP_ROWS : ROWS;
    };
    return chunkList(subject, given, (chunk, style) =>
      rowsOf(subject.source, chunk, mostOf(chunk), style),
    );
  },
};

/** The words of a chunk, 16 bytes a row. */
function* rowsOf(
  source: HeapSource,
  chunk: ChunkView,
  most: number,
  style: Style,
): Generator<string> {
  const { colors, width } = style;
  const bytes = wordBytes(source.abi);
  const end = Math.min(chunk.chunk + chunk.size, source.u8().length);
  let isFirst = true;
  let rows = 0;
  for (let at = chunk.chunk; at < end; at += 16, rows++) {
    if (rows === most && end - at > 16) {
      yield colors.dim(`  … ${hex(end - at)} more bytes`);
      return;
    }
    const words: string[] = [];
    for (let word = at; word < Math.min(at + 16, end); word += bytes)
      words.push(
        hexWord(source, word)
          .slice(2)
          .padStart(2 * bytes, "0"),
      );
    const address = hex(at).padStart(10);
    const letters = width < 80 ? "" : `  ${lettersOf(source, at, Math.min(at + 16, end))}`;
    const note = isFirst ? `  ${stateText(chunk)}, ${hex(chunk.size)}` : "";
    const line = `${address}  ${words.join(" ")}`;
    const text = painted(line, chunk.state, colors) + colors.dim(letters);
    if (note === "") yield text;
    else if (line.length + letters.length + note.length <= width) yield text + note;
    else {
      yield `${" ".repeat(12)}${note.trim()}`;
      yield text;
    }
    isFirst = false;
  }
}

function lettersOf(source: HeapSource, from: number, to: number): string {
  const bytes = source.u8().subarray(from, to);
  return Array.from(bytes, (byte) =>
    byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".",
  ).join("");
}

/** A field that makes sense in a chunk of a state. */
interface ChunkField {
  readonly name: string;
  readonly at: number;
  readonly value: string;
  readonly text: string;
}

const LINKED: readonly ChunkState[] = ["unsorted", "smallbin", "largebin"];

/** The fields of a chunk that mean something in its state. */
function fieldsOf(source: HeapSource, { chunk, state, size, mem, flags }: ChunkView): ChunkField[] {
  const { fields } = source.structs.Chunk;
  const word = (name: string, at: number, text = ""): ChunkField => ({
    name,
    at,
    value: isInside(source, at, wordBytes(source.abi)) ? hexWord(source, at) : "?",
    text,
  });
  const rows: ChunkField[] = [];
  const isMapped = (flags & IS_MMAPPED) !== 0;
  if ((flags & PREV_INUSE) === 0 || isMapped) {
    const text = isMapped ? mappedText(source, chunk) : "of the free one before";
    rows.push(word("prev_size", chunk + fields.mchunkPrevSize.offset, text));
  }
  rows.push(
    word(
      "size",
      chunk + fields.mchunkSize.offset,
      `${hex(size)} without flags: ${flagNames(flags)}`,
    ),
  );
  if (LINKED.includes(state)) {
    rows.push(word("fd", chunk + fields.fd.offset), word("bk", chunk + fields.bk.offset));
    if (state === "largebin") {
      rows.push(word("fd_nextsize", chunk + fields.fdNextsize.offset));
      rows.push(word("bk_nextsize", chunk + fields.bkNextsize.offset));
    }
  }
  if (state === "fastbin" || state === "tcache") {
    const next = revealed(source, mem);
    rows.push(word(state === "tcache" ? "next" : "fd", mem, `protected: leads to ${hex(next)}`));
    if (state === "tcache") rows.push(word("key", mem + wordBytes(source.abi)));
  }
  return rows;
}

/** What prev_size says of a mapped chunk. */
function mappedText(source: HeapSource, chunk: number): string {
  const before = source.structs.Chunk.fields.mchunkPrevSize.offset + chunk;
  const isHuge =
    isInside(source, before, 8) && mappedOffset(source, chunk) !== source.readWord(before);
  return `bytes before it in its mapping${isHuge ? "; 1: of huge pages" : ""}`;
}

/** A chunk at an address, whatever says so. */
function chunkReport(subject: Subject, chunk: ChunkView): Report {
  const { source } = subject;
  const fields = fieldsOf(source, chunk);
  return {
    json: { of: subject.name, ...chunkRecord(chunk), fields },
    *lines(style) {
      const { colors } = style;
      const state = painted(stateText(chunk), chunk.state, colors);
      yield `${colors.bold(state)}`;
      yield `  chunk ${hex(chunk.chunk)}, block ${hex(chunk.mem)}, ends ${hex(chunk.chunk + chunk.size)}`;
      for (const { name, at, value, text } of fields) {
        const what = text === "" ? "" : `  ${text}`;
        const line = `${name.padEnd(12)}${value.padEnd(12)}at ${hex(at)}${what}`;
        for (const part of wrap(line, style.width - 2).split("\n")) yield `  ${part}`;
      }
    },
  };
}

/** The chunk that begins at an address, or that is the chunk of a block there. */
function chunkNamed(subject: Subject, text: string): ChunkView {
  const { source } = subject;
  const address = addressOf(subject, text, "ADDRESS");
  const view = subject.view();
  for (const one of view.chunks())
    if (!isDamage(one) && (one.chunk === address || one.mem === address)) return one;
  if (!isInside(source, address, 2 * wordBytes(source.abi)))
    throw new UserError(`${hex(address)}: outside the memory`);
  // What no walk meets is shown as it stands.
  const { size, flags } = readHead(source, address + source.structs.Chunk.fields.mchunkSize.offset);
  return { chunk: address, mem: memOf(address, source.abi), size, flags, state: "used" };
}

export const ADDRESS = {
  name: "address",
  text: `of the chunk or its block: ${ADDRESS_HELP}`,
} as const;

const mallocChunk: HeapCommand = {
  name: "malloc_chunk",
  summary: "show one chunk: the fields that mean something in its state",
  parameters: [ADDRESS],
  examples: ["@100", "top"],
  run(subject, { args }) {
    return chunkReport(subject, chunkNamed(subject, args[0]!));
  },
};

const topChunk: HeapCommand = {
  name: "top_chunk",
  summary: "show the top chunk of main_arena",
  examples: [""],
  run(subject) {
    return chunkReport(subject, chunkNamed(subject, "top"));
  },
};

/** What an address is. */
export interface Whereabouts {
  readonly address: number;
  readonly text: string;
  readonly chunk?: ChunkView | undefined;
}

/** @returns what an address is, for people */
export function whereabouts(view: HeapView, address: number): Whereabouts {
  const { source } = view;
  const chunk = view.chunkOf(address);
  if (chunk !== undefined) {
    const offset = address - chunk.mem;
    const where =
      offset < 0
        ? `in the header of chunk ${hex(chunk.chunk)}`
        : `byte ${offset} of block ${hex(chunk.mem)}`;
    return { address, chunk, text: `${where} (${stateText(chunk)}, size ${hex(chunk.size)})` };
  }
  return { address, text: outsideChunks(view, source, address) };
}

function outsideChunks(view: HeapView, source: HeapSource, address: number): string {
  const { mmStruct, mainArena, mallocPar } = source.places;
  const { startBrk, brk } = mmOf(source);
  const { MmStruct, MallocState, MallocPar } = source.structs;
  const structs: (readonly [name: string, at: number, layout: StructLayout])[] = [
    ["mm_struct", mmStruct, MmStruct],
    ["main_arena", mainArena, MallocState],
    ["mp_", mallocPar, MallocPar],
    ...view.arenas
      .slice(1)
      .map((arena) => [`arena ${hex(arena.address)}`, arena.address, MallocState] as const),
  ];
  for (const [name, at, { size, fields }] of structs) {
    if (address < at || address >= at + size) continue;
    const field = Object.entries(fields).findLast(([, { offset }]) => at + offset <= address);
    return `in ${name}, field ${field?.[0]} at ${hex(at + (field?.[1].offset ?? 0))}`;
  }
  if (address === 0) return "NULL";
  if (address >= startBrk && address < brk) return "in [heap], in no chunk that can be followed";
  for (const region of walkRegions(source)) {
    if (isDamage(region) || address < region.start || address >= region.end) continue;
    const range = `${hex(region.start)}-${hex(region.end)}`;
    if (!isVisible(region)) return "among the kernel's and libc's own data";
    return `in the mapping ${range}, in no chunk of malloc's`;
  }
  return "nothing is mapped there";
}

const whatis: HeapCommand = {
  name: "whatis",
  aliases: ["hi"],
  summary: "say what an address is: which chunk, field or mapping it lies in",
  parameters: [ADDRESS],
  examples: ["@100+8", "0x1000010"],
  run(subject, { args }) {
    const address = addressOf(subject, args[0]!, "ADDRESS");
    const found = whereabouts(subject.view(), address);
    return {
      json: { of: subject.name, ...found },
      *lines(style) {
        yield* wrap(`${hex(address)}: ${found.text}`, style.width).split("\n");
        if (found.chunk !== undefined) yield chunkLine(found.chunk, style);
      },
    };
  },
};

/** The commands of this file. */
export const CHUNK_COMMANDS = [heap, vis, mallocChunk, topChunk, whatis] as const;
