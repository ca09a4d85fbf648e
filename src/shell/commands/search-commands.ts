// search and find_fake_fast: what stands in the heap's bytes.

import { memOf, wordBytes } from "../../layout/address.js";
import { flagNames, type ChunkView } from "../../inspect/chunks.js";
import { isDamage } from "../../inspect/damage.js";
import { hasFastbins } from "../../inspect/lists.js";
import { walkRegions } from "../../inspect/regions.js";
import { hex, isInside, readHead } from "../../inspect/source.js";
import { wrap } from "../tables.js";
import { ADDRESS_HELP, addressOf, numberOf } from "./address.js";
import { ADDRESS, chunkRecord, whereabouts, type Whereabouts } from "./chunk-commands.js";
import { NO_FASTBINS } from "./list-commands.js";
import type { HeapCommand } from "./registry.js";
import type { Subject } from "../subject.js";

/** Where a fake chunk could pass for one of a fast bin. */
const findFakeFast: HeapCommand = {
  name: "find_fake_fast",
  summary: "find words below an address that would pass for the size of a fast chunk covering it",
  parameters: [ADDRESS],
  examples: ["main_arena"],
  run(subject, { args }) {
    const { source } = subject;
    const target = addressOf(subject, args[0]!, "ADDRESS");
    const { globalMaxFast } = source.structs.LibcData.fields;
    const isFast = hasFastbins(source);
    const most = isFast ? source.readWord(source.places.libcData + globalMaxFast.offset) : 0;
    const header = 2 * wordBytes(source.abi);
    const found: ChunkView[] = [];
    const sizeAt = source.structs.Chunk.fields.mchunkSize.offset;
    for (let chunk = target - most; chunk + header <= target; chunk += wordBytes(source.abi)) {
      if (!isInside(source, chunk, 2 * header)) continue;
      const { size, flags } = readHead(source, chunk + sizeAt);
      if (size < 2 * header || size > most || chunk + size < target) continue;
      found.push({ chunk, mem: memOf(chunk, source.abi), size, flags, state: "used" });
    }
    return {
      json: { of: subject.name, target, candidates: found.map(chunkRecord) },
      *lines(style) {
        if (!isFast) yield NO_FASTBINS;
        else if (found.length === 0)
          yield `none: no word below ${hex(target)} passes for such a size`;
        for (const { chunk, mem, size, flags } of found) {
          const aligned = mem % 16 === 0 ? "" : "; misaligned: glibc refuses it";
          const text = `fake chunk ${hex(chunk)} of ${hex(size)} (${flagNames(flags)})${aligned}`;
          yield* wrap(text, style.width).split("\n");
        }
      },
    };
  },
};

/** A value, a pointer or text, wherever it stands in chunks. */
const search: HeapCommand = {
  name: "search",
  summary: "find a word, or text, in the heap, and say in which chunks it is",
  parameters: [{ name: "what", text: `a number or address (${ADDRESS_HELP}), or text in quotes` }],
  flags: [{ flags: "--count <n>", text: "show so many at most (100)" }],
  examples: ["@100", "'\"hello\"'"],
  run(subject, { args, options }) {
    const { source } = subject;
    const needle = needleOf(subject, args[0]!);
    const most = typeof options.count === "string" ? numberOf(options.count, "--count") : 100;
    const view = subject.view();
    const bytes = source.u8();
    const places: Whereabouts[] = [];
    for (const region of walkRegions(source)) {
      if (isDamage(region)) continue;
      const start = Math.max(region.start, source.base);
      const part = bytes.subarray(start, Math.min(region.end, bytes.length));
      for (let at = indexOf(part, needle, 0); at >= 0; at = indexOf(part, needle, at + 1)) {
        if (places.length === most) break;
        places.push(whereabouts(view, start + at));
      }
    }
    return {
      json: { of: subject.name, needle: [...needle], places },
      *lines(style) {
        if (places.length === 0) yield "found nowhere";
        for (const { address, text } of places)
          yield* wrap(`${hex(address)}: ${text}`, style.width).split("\n");
      },
    };
  },
};

function needleOf(subject: Subject, text: string): Uint8Array {
  const quoted = /^["'](.+)["']$/s.exec(text)?.[1];
  if (quoted !== undefined) return new TextEncoder().encode(quoted);
  const value = addressOf(subject, text, "WHAT");
  const bytes = new Uint8Array(wordBytes(subject.source.abi));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value % 2 ** 32, true);
  if (bytes.length === 8) view.setUint32(4, Math.floor(value / 2 ** 32), true);
  return bytes;
}

function indexOf(bytes: Uint8Array, needle: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(needle[0]!, from); at >= 0; at = bytes.indexOf(needle[0]!, at + 1))
    if (needle.every((byte, i) => bytes[at + i] === byte)) return at;
  return -1;
}

/** The commands of this file. */
export const SEARCH_COMMANDS = [search, findFakeFast] as const;
