// The ids of a trace, mapped to dense slots as they come; see trace.ts for what a slot is.

/** An id as the parser reads it: a number, or a BigInt where a double does not hold it exactly. */
export type Id = number | bigint;

/**
 * Slot 0 is the id that is never live; an entry is `slot * 2 + live`, and 0 for an id not met
 * before.
 */
export class SlotTable {
  /** Slots given so far, slot 0 included. */
  count = 1;
  /** Entries of small ids. */
  private small = new Uint32Array(1024);
  /** Entries of ids that an array would be too long for. */
  private readonly large = new Map<Id, number>();
  private readonly smallLimit: number;

  /** @param lines of the trace: ids not much above this go into an array, others into a map */
  constructor(lines: number) {
    this.smallLimit = lines * 4 + 1024;
  }

  /** @returns whether the id has a block, as far as the trace tells */
  isLive(id: Id): boolean {
    return (this.get(id) & 1) === 1;
  }

  /**
   * @returns the slot for a block newly allocated under `id`; a new one if the id may have a live
   *   block
   */
  allocated(id: Id): number {
    const entry = this.get(id);
    const slot = entry === 0 || (entry & 1) === 1 ? this.count++ : entry >>> 1;
    this.set(id, slot * 2 + 1);
    return slot;
  }

  /** @returns the slot of a block that is resized (or allocated, if the id has none) */
  resized(id: Id): number {
    const entry = this.get(id);
    const slot = entry === 0 ? this.count++ : entry >>> 1;
    this.set(id, slot * 2 + 1);
    return slot;
  }

  /** @returns the slot of a block that is freed: 0, the never-live one, for an id without any */
  freed(id: Id): number {
    const entry = this.get(id);
    if (entry === 0) return 0;
    this.set(id, entry & ~1);
    return entry >>> 1;
  }

  /**
   * @returns the slot of a block that no later operation can name (it was allocated under a
   *   negative id)
   */
  nameless(): number {
    return this.count++;
  }

  private get(id: Id): number {
    if (typeof id === "number" && id < this.smallLimit) return this.small[id] ?? 0;
    return this.large.get(id) ?? 0;
  }

  private set(id: Id, entry: number): void {
    if (typeof id === "bigint" || id >= this.smallLimit) {
      this.large.set(id, entry);
      return;
    }
    if (id >= this.small.length) {
      const grown = new Uint32Array(
        Math.min(this.smallLimit, Math.max(id + 1, this.small.length * 2)),
      );
      grown.set(this.small);
      this.small = grown;
    }
    this.small[id] = entry;
  }
}
