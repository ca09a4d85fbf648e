// The typed arrays that a tracking heap handed out and that may still be in use.

import type { Mem } from "../layout/address.js";
import { Stack, type Entry } from "./stacks.js";

/** A typed array that must not be used any more. */
export interface StaleView {
  /** "detached": the memory grew; "freed": its block was freed. */
  readonly reason: "detached" | "freed";
  /** Its constructor's name. */
  readonly type: string;
  /** Its first byte. */
  readonly address: Mem;
  /** Bytes. */
  readonly length: number;
  /** Who asked for it. */
  readonly stack: Stack;
}

interface Known extends Omit<StaleView, "reason"> {
  readonly view: WeakRef<ArrayBufferView>;
}

/** How many more may come before the ones that are gone are swept out. */
const SWEEP_AFTER = 1024;

/** Views, for as long as they are referred to. */
export class ViewLog {
  #entries: Known[] = [];
  #sweepAt = SWEEP_AFTER;

  /** Notes a view. */
  add(view: ArrayBufferView, stackDepth: number, above: Entry): void {
    if (typeof WeakRef === "undefined") return;
    if (this.#entries.length >= this.#sweepAt) this.#sweep();
    this.#entries.push({
      view: new WeakRef(view),
      type: view.constructor.name,
      address: view.byteOffset,
      length: view.byteLength,
      stack: Stack.capture(stackDepth, above),
    });
  }

  /** @param isFreed whether a range is a freed block's */
  stale(buffer: ArrayBufferLike, isFreed: (address: Mem, length: number) => boolean): StaleView[] {
    this.#sweep();
    const found: StaleView[] = [];
    for (const { view, ...entry } of this.#entries) {
      const live = view.deref();
      if (live === undefined) continue;
      const isDetached = live.buffer !== buffer && live.byteLength < entry.length;
      if (isDetached) found.push({ ...entry, reason: "detached" });
      else if (isFreed(entry.address, entry.length)) found.push({ ...entry, reason: "freed" });
    }
    return found;
  }

  #sweep(): void {
    this.#entries = this.#entries.filter(({ view }) => view.deref() !== undefined);
    this.#sweepAt = this.#entries.length + SWEEP_AFTER;
  }
}
