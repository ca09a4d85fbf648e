// Whether a guest and a heap can share a memory: another allocator in it, the kinds and sizes of
// their memories, where each of them lies, and who lies there already.

import { isShared } from "../process/memory-option.js";
import { PAGE_BYTES, WASM_PAGE_BYTES } from "../process/options.js";
import type { Process } from "../process/process.js";
import type { Abi } from "../layout/address.js";
import { hex, overlap, overlapError } from "./guest.js";
import type { GuestInfo } from "./guest.js";

/** Where guests lie in a memory, as far as they were linked here. */
const residents = new WeakMap<WebAssembly.Memory, GuestInfo[]>();

/** Remembers where a guest lies. */
export function settle(info: GuestInfo, memory: WebAssembly.Memory): void {
  if (info.memory === undefined) return;
  const others = residents.get(memory) ?? [];
  residents.set(memory, [...others.filter((other) => !overlap(other, info)), info]);
}

/**
 * Refuses a guest that does not fit into a process's memory, or not beside those that are there.
 * @param end where the guest's own part of the memory ends
 * @param replace whether it may take the place of another guest
 */
export function checkPlace(
  info: GuestInfo,
  process: Process<Abi>,
  end: number,
  replace: boolean,
): void {
  if (info.memory === undefined) return;
  checkKind(info.memory, process);
  if (end > process.base) throw new RangeError(placeProblem(info, process, end));
  const other = residents.get(process.memory)?.find((resident) => overlap(resident, info));
  if (other !== undefined && !replace) {
    const error = overlapError("this guest and one that is in the memory already", other, info);
    error.message += '; option "replace" is for a guest that takes the place of another';
    throw error;
  }
}

function placeProblem(info: GuestInfo, process: Process<Abi>, end: number): string {
  const what =
    info.staticEnd > process.base
      ? `the guest's data and stack end at ${hex(end)}`
      : `the guest may use all memory that it begins with, which ends at ${hex(end)}`;
  return (
    `${what}, the heap begins at ${hex(process.base)}: ` +
    `make the heap with base: ${Math.ceil(end / PAGE_BYTES) * PAGE_BYTES} or more ` +
    "(heapOptionsFor says what fits)"
  );
}

function checkKind(memory: NonNullable<GuestInfo["memory"]>, process: Process<Abi>): void {
  const shared = isShared(process.memory);
  if (memory.shared !== shared)
    throw new TypeError(
      memory.shared
        ? "the guest wants a shared memory, the heap's is not: " +
            "make the heap with the createHeap of ptmalloc-wasm/threads"
        : "the heap's memory is shared, the guest wants one that is not: " +
            "compile it with threads (wasm-ld: --shared-memory)",
    );
  const pages = process.memory.buffer.byteLength / WASM_PAGE_BYTES;
  if (memory.initial > pages)
    throw new RangeError(
      `the guest wants a memory of at least ${memory.initial} pages, the heap's has ${pages}: ` +
        `make the heap with initialPages: ${memory.initial}`,
    );
  if (memory.shared && (memory.maximum ?? 0) * WASM_PAGE_BYTES < process.taskSize)
    throw new RangeError(
      `the guest allows a shared memory of at most ${memory.maximum} pages, the heap's may have ` +
        `${Math.ceil(process.taskSize / WASM_PAGE_BYTES)}: ` +
        `make the heap with maximumPages: ${memory.maximum}`,
    );
}
