// What the page knows. Views read these signals; only actions.ts changes them.

import { computed, signal } from "@preact/signals";
import { testOf, type Filter } from "../model/filter.js";
import { isInUse } from "../model/states.js";
import type { Machine, Moment, Opened } from "../model/types.js";

/** The views, in the order of their tabs. */
export const VIEWS = [
  ["map", "Map"],
  ["lists", "Lists"],
  ["arenas", "Arenas"],
  ["space", "Address space"],
  ["kernel", "Kernel"],
  ["time", "Over time"],
  ["sizes", "Sizes"],
  ["bytes", "Bytes"],
  ["checks", "Checks"],
  ["diff", "Diff"],
  ["try", "Dry run"],
  ["console", "Console"],
  ["program", "Program"],
] as const;
/** One of them. */
export type ViewName = (typeof VIEWS)[number][0];

/** What is open. */
export const opened = signal<Opened | undefined>(undefined);
/** The time cursor: how many operations have been done. */
export const at = signal(0);
/** The other cursor, for the diff. */
export const mark = signal<number | undefined>(undefined);
/** An address. */
export const selected = signal<number | undefined>(undefined);
export const view = signal<ViewName>("map");
export const filter = signal<Filter>({});
export const machine = signal<Machine>({ abi: "ilp32", glibc: "2.36" });
/** The heap at the cursor, as soon as the engine has read it. */
export const moment = signal<Moment | undefined>(undefined);
/** What went wrong last; "" for nothing. */
export const problem = signal("");
/** What is being waited for; "" for nothing. */
export const waiting = signal("");
/** The bundled traces. */
export const traces = signal<readonly string[]>([]);
/** Said to people who hear the page. */
export const spoken = signal("");
/** Where what is open comes from, as a link has it. */
export interface Origin {
  readonly file?: string;
  trace?: string;
  data?: string;
  script?: string;
}

/** Where what is open comes from, for links. */
export const origin = signal<Origin>({});
/** Changes when colours do. */
export const paint = signal(0);
/** What colours mean. */
export const colouring = signal<"state" | "thread" | "age">("state");
/** The call of the dry run. */
export const tried = signal("malloc(24)");
/** The program in the editor. */
export const program = signal({ language: "javascript", text: "" });

/** Which chunks the filter lets through. */
export const passes = computed(() => {
  const [now, what] = [moment.value, opened.value];
  return now === undefined || what === undefined
    ? () => true
    : testOf(filter.value, now.chunks, what.survey);
});

/** The chunk that the selected address lies in: its index in the table; -1 for none. */
export const selectedChunk = computed(() => {
  const [now, address] = [moment.value, selected.value];
  if (now === undefined || address === undefined) return -1;
  for (const { from, count } of now.stretches) {
    const { address: starts, size } = now.chunks;
    if (count === 0 || address < starts[from]!) continue;
    const last = from + count - 1;
    if (address >= starts[last]! + size[last]!) continue;
    let [low, high] = [from, last + 1];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= address) low = middle;
      else high = middle;
    }
    if (address < starts[low]! + size[low]!) return low;
  }
  return -1;
});

/** Bytes in use, free, and in all, of the chunks at the cursor. */
export const totals = computed(() => {
  const now = moment.value;
  const sums = { used: 0, free: 0, top: 0, largest: 0 };
  if (now === undefined) return sums;
  const { count, size, state } = now.chunks;
  for (let i = 0; i < count; i++) {
    if (isInUse(state[i]!)) sums.used += size[i]!;
    else if (state[i] === 8) sums.top += size[i]!;
    else if (state[i] !== 1 && state[i] !== 9) {
      sums.free += size[i]!;
      sums.largest = Math.max(sums.largest, size[i]!);
    }
  }
  return sums;
});
