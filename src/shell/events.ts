// What `until` waits for: steps of malloc's by what they do, blocks by address or size, calls.

import { Step, OpKind } from "../layout/generated.js";
import type { StepName } from "../inspect/steps.js";
import type { Step as Operation } from "../trace/player.js";
import { UsageError } from "../base/user-error.js";
import { numberOf } from "./commands/address.js";

/** Whether an operation is the one that is waited for. */
export type Event = (operation: Operation, steps: ReadonlySet<number>) => boolean;

/** Events by name, and the steps of malloc's that each is. */
const BY_STEP: Readonly<Record<string, readonly StepName[]>> = {
  trim: ["TRIM"],
  mmap: ["MMAP", "MMAP_TOP", "HEAP_NEW"],
  munmap: ["MUNMAP"],
  brk: ["BREAK_GROW", "TRIM"],
  consolidate: ["CONSOLIDATE"],
  split: ["SPLIT"],
  merge: ["MERGE_BACK", "MERGE_NEXT", "MERGE_TOP"],
  sort: ["UNSORTED_SORT"],
  threshold: ["THRESHOLD"],
  heap: ["HEAP_NEW", "HEAP_GROW"],
};

const KINDS: Readonly<Record<string, OpKind>> = {
  malloc: OpKind.MALLOC,
  calloc: OpKind.CALLOC,
  memalign: OpKind.MEMALIGN,
  realloc: OpKind.REALLOC,
  free: OpKind.FREE,
};

/** What can be waited for, for help. */
export const EVENT_HELP =
  `${Object.keys(BY_STEP).join(", ")}; refused; ${Object.keys(KINDS).join(", ")}; ` +
  "p == ADDRESS (a block returned or freed there); size >= BYTES (asked for)";

/**
 * @param text as it was typed
 * @param addressOf reads an address
 * @throws UsageError that says what there is
 */
export function eventOf(text: string, addressOf: (text: string) => number): Event {
  const block = /^p\s*==\s*(.+)$/.exec(text)?.[1];
  if (block !== undefined) {
    const address = addressOf(block);
    return ({ result, before }) => result === address || before === address;
  }
  const size = /^size\s*>=\s*(.+)$/.exec(text)?.[1];
  if (size !== undefined) {
    const least = numberOf(size, "BYTES");
    return ({ bytes }) => bytes >= least;
  }
  if (text === "refused") return ({ isRefused }) => isRefused;
  const kind = Object.hasOwn(KINDS, text) ? KINDS[text] : undefined;
  if (kind !== undefined) return (operation) => operation.kind === kind;
  if (!Object.hasOwn(BY_STEP, text))
    throw new UsageError(`until "${text}": no such event; there are ${EVENT_HELP}`);
  const wanted = BY_STEP[text]!.map((name) => Step[name] as number);
  return (_, steps) => wanted.some((step) => steps.has(step));
}
