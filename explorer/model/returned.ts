// Whether freed memory went back to the system, and what keeps it where it did not: the question
// that most people come with.

import { formatBytes, formatCount, hex, lastAtMost } from "./format.js";
import { STATES } from "./states.js";
import { NONE, type FieldView, type Moment, type Stretch, type Survey } from "./types.js";

/** The answer. */
export interface Returned {
  readonly text: string;
  /** The chunk that keeps it: its index in the table. */
  readonly keeper?: number;
}

const CACHED = "for its neighbours it counts as in use, so it cannot become a part of top.";

/** @returns why a free chunk is still there; undefined for one that somebody has */
export function whyKept(moment: Moment, i: number): Returned | undefined {
  const { chunks } = moment;
  const stretch = moment.stretches.find(({ from, count }) => i >= from && i < from + count);
  const state = STATES[chunks.state[i]!]!;
  if (stretch === undefined) return undefined;
  switch (state) {
    case "tcache":
      return { text: `No: tcache keeps it for the next malloc of its size, and ${CACHED}` };
    case "fastbin":
      return { text: `No: a fast bin keeps it for the next malloc of its size, and ${CACHED}` };
    case "top":
      return { text: `Not yet: ${topText(moment, stretch, chunks.size[i]!)}` };
    case "unsorted":
    case "smallbin":
    case "largebin":
    case "free":
      return held(moment, stretch, i);
    default:
      return undefined;
  }
}

function held({ chunks }: Moment, stretch: Stretch, i: number): Returned {
  const end = stretch.heap === 0 ? "the end of [heap]" : "the end of an arena's heap";
  const last = stretch.from + stretch.count - 1;
  if (STATES[chunks.state[last]!] !== "top")
    return { text: "No: another part of this arena lies behind, and only the last one shrinks." };
  let [count, bytes] = [0, 0];
  for (let at = i + 1; at < last; at++) {
    if (!isUsed(chunks.state[at]!)) continue;
    count++;
    bytes += chunks.size[at]!;
  }
  const between =
    count === 1
      ? `one chunk in use (${formatBytes(bytes)}) lies between, next to top:`
      : `${formatCount(count)} chunks in use (${formatBytes(bytes)}) lie between. ` +
        "The last of them, next to top, is";
  const text = `No: the kernel takes memory back from ${end} only, and ${between}`;
  return { text, keeper: last - 1 };
}

/** Chunks in caches count as in use here. */
function isUsed(state: number): boolean {
  return /^(used|tcache|fastbin)/.test(STATES[state]!);
}

function topText({ mp }: Moment, { heap }: Stretch, size: number): string {
  if (heap !== 0) return "the last heap of an arena shrinks when its top is large enough.";
  const [threshold, pad] = [numberOf(mp, "trimThreshold"), numberOf(mp, "topPad")];
  return (
    `top has ${formatBytes(size)}. A free that makes it larger gives its end back if it has ` +
    `trim_threshold (${formatBytes(threshold)}) or more then; top_pad (${formatBytes(pad)}) of ` +
    "it stay, and whole pages go."
  );
}

function numberOf(fields: readonly FieldView[], name: string): number {
  return fields.find((field) => field.name === name)?.value ?? 0;
}

/** @returns what became of the block that the operation of a moment freed; undefined for none */
export function whereFreed(moment: Moment, survey: Survey): Returned | undefined {
  const index = moment.operation?.index ?? -1;
  if (survey.kinds[survey.kind[index] ?? -1] !== "free" || survey.birth[index] === NONE)
    return undefined;
  const brk = moment.mm.find(({ name }) => name === "brk");
  if (brk !== undefined && brk.value < brk.before) {
    const bytes = formatBytes(brk.before - brk.value);
    return {
      text: `Yes: the break went down by ${bytes}, from ${hex(brk.before)} to ${hex(brk.value)}.`,
    };
  }
  const address = survey.address[index]!;
  const i = chunkAround(moment, address);
  if (i >= 0) return whyKept(moment, i);
  const isThere = moment.regions.some(({ start, end }) => start <= address && address < end);
  return isThere ? undefined : { text: "Yes: it was a mapping of its own, and that is gone." };
}

/** The chunk that an address lies in: its index; -1 for none. */
function chunkAround({ chunks, stretches }: Moment, address: number): number {
  for (const { from, count } of stretches) {
    const i = from + lastAtMost(chunks.address.subarray(from, from + count), address);
    if (i >= from && address < chunks.address[i]! + chunks.size[i]!) return i;
  }
  return -1;
}
