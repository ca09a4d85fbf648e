// The naive model: an address space as an array with one entry a page, every rule a loop over
// pages. Slow, short and without a tree. It knows no regions: where a rule is about them (mremap
// grows out of one only), the caller says where they end.

/** Bytes of a page. */
export const PAGE = 4096;

/** vm_flags as far as the model has them (include/linux/mm.h). */
export const VM = {
  READ: 0x1,
  WRITE: 0x2,
  EXEC: 0x4,
  SHARED: 0x8,
  MAY: 0x70,
  MAYSHARE: 0x80,
  LOCKED: 0x2000,
  SEQ_READ: 0x8000,
  RAND_READ: 0x10000,
  DONTCOPY: 0x20000,
  LOCKONFAULT: 0x80000,
  NORESERVE: 0x200000,
  WIPEONFORK: 0x2000000,
  DONTDUMP: 0x4000000,
} as const;

const ACCESSIBLE = VM.READ | VM.WRITE | VM.EXEC;
const LOCKS = VM.LOCKED | VM.LOCKONFAULT;

/** Where everything is, in pages. */
export interface Bounds {
  /** The first page that a program may use: where the heap begins. */
  start: number;
  /** The end of the address space. */
  end: number;
  /** Where the search for room begins. */
  mmapBase: number;
  /** Whether it goes down from there. */
  isTopDown: boolean;
}

/** The pages of one process. */
export class Pages {
  readonly bounds: Bounds;
  /** vm_flags of each page, 0 where nothing is mapped. */
  readonly flags: Uint32Array;
  /** Whether the page is in memory, as mincore says. */
  readonly resident: Uint8Array;
  /** The page's first byte. */
  readonly value: Uint8Array;
  /** The shared object, 0 for none, and the page's place in it. */
  readonly file: Uint32Array;
  readonly place: Uint32Array;
  /** Pages of each shared object. */
  readonly fileSizes: number[] = [0];
  /**
   * Of pages of shared objects that nothing maps: whether they are in memory, and the first byte;
   * by object and place.
   */
  readonly #kept = new Map<string, readonly [resident: number, value: number]>();

  constructor(bounds: Bounds) {
    this.bounds = bounds;
    this.flags = new Uint32Array(bounds.end);
    this.resident = new Uint8Array(bounds.end);
    this.value = new Uint8Array(bounds.end);
    this.file = new Uint32Array(bounds.end);
    this.place = new Uint32Array(bounds.end);
  }

  /** How many pages fulfil a condition. */
  count(has: (flags: number) => boolean): number {
    return this.flags.reduce((sum, flags) => sum + (flags !== 0 && has(flags) ? 1 : 0), 0);
  }

  get total(): number {
    return this.count(() => true);
  }

  get locked(): number {
    return this.count((flags) => (flags & VM.LOCKED) !== 0);
  }

  get data(): number {
    return this.count((flags) => (flags & (VM.WRITE | VM.SHARED)) === VM.WRITE);
  }

  isMapped(page: number): boolean {
    return this.flags[page] !== 0;
  }

  /** Whether nothing at all is mapped in [page, page + count), and a program may map there. */
  isFree(page: number, count: number): boolean {
    if (page < this.bounds.start || page + count > this.bounds.end) return false;
    for (let i = page; i < page + count; i++) if (this.isMapped(i)) return false;
    return true;
  }

  /** The first hole of [from, to), or `to`. */
  firstHole(from: number, to: number): number {
    for (let i = from; i < to; i++) if (!this.isMapped(i)) return i;
    return to;
  }

  unmap(from: number, to: number): void {
    for (let i = from; i < to; i++) {
      this.#leave(i);
      this.flags[i] = 0;
      this.#empty(i);
      this.file[i] = 0;
    }
  }

  #keyOf(page: number): string {
    return `${this.file[page]}:${this.place[page]}`;
  }

  /**
   * A shared page stays with its object: one that nothing maps is never asked for again, so it need
   * not be forgotten.
   */
  #leave(page: number): void {
    if (this.isMapped(page) && this.file[page] !== 0)
      this.#kept.set(this.#keyOf(page), [this.resident[page]!, this.value[page]!]);
  }

  /**
   * Whether one of `count` pages of an object, from `place` on, is mapped outside the range `gone`;
   * of those that it does not have none is.
   */
  isMappedElsewhere(file: number, place: number, count: number, gone: readonly number[]): boolean {
    const [from = 0, to = 0] = gone;
    const last = Math.min(place + count, this.fileSizes[file]!);
    return this.file.some((each, page) => {
      const at = this.place[page]!;
      return each === file && at >= place && at < last && (page < from || page >= to);
    });
  }

  #empty(page: number): void {
    this.resident[page] = 0;
    this.value[page] = 0;
  }

  /** Maps [from, to) anew; `file` 0 is private memory. */
  map(from: number, to: number, flags: number, file = 0, place = 0): void {
    for (let i = from; i < to; i++) {
      this.flags[i] = flags;
      this.#empty(i);
      this.file[i] = file;
      this.place[i] = file === 0 ? 0 : place + i - from;
      const kept = file === 0 ? undefined : this.#kept.get(this.#keyOf(i));
      [this.resident[i], this.value[i]] = kept ?? [0, 0];
    }
  }

  /** A new shared object of so many pages. */
  newFile(pages: number): number {
    return this.fileSizes.push(pages) - 1;
  }

  /** Moves `count` pages; where `keep` is set, the old place stays mapped, empty and unlocked. */
  move(from: number, to: number, count: number, keep: boolean): void {
    for (let i = 0; i < count; i++) {
      const [source, target] = [from + i, to + i];
      this.flags[target] = this.flags[source]!;
      this.resident[target] = this.resident[source]!;
      this.value[target] = this.value[source]!;
      this.file[target] = this.file[source]!;
      this.place[target] = this.place[source]!;
      if (keep) {
        this.flags[source] = (this.flags[source]! & ~LOCKS) >>> 0;
        this.#empty(source);
      } else {
        this.file[source] = 0;
        this.unmap(source, source + 1);
      }
    }
  }

  /**
   * The lowest or highest place for `count` pages (bottom-up from mmap_base; or top-down, and
   * bottom-up if that finds none).
   */
  placeFor(count: number): number | undefined {
    const { start, end, mmapBase, isTopDown } = this.bounds;
    if (isTopDown) {
      for (let page = mmapBase - count; page >= start; page--)
        if (this.isFree(page, count)) return page;
    }
    for (let page = mmapBase; page + count <= end; page++)
      if (this.isFree(page, count)) return page;
    return undefined;
  }

  /**
   * 0, or the signal of an access: 11 where it is not allowed, 7 behind the end of a shared object.
   */
  signalOf(page: number, isWrite: boolean): number {
    const flags = this.flags[page] ?? 0;
    if ((flags & (isWrite ? VM.WRITE : ACCESSIBLE)) === 0) return 11;
    return this.#isBeyond(page) ? 7 : 0;
  }

  #isBeyond(page: number): boolean {
    const file = this.file[page]!;
    return file !== 0 && this.place[page]! >= this.fileSizes[file]!;
  }

  /**
   * Brings pages in, as mlock and MAP_POPULATE do. Whether that went well: it stops where memory is
   * not accessible.
   */
  populate(from: number, to: number): boolean {
    for (let i = from; i < to; i++) {
      if ((this.flags[i]! & VM.LOCKONFAULT) !== 0) continue;
      if ((this.flags[i]! & ACCESSIBLE) === 0 || this.#isBeyond(i)) return false;
      this.resident[i] = 1;
    }
    return true;
  }

  /** As `populate`, over what cannot be brought in. */
  populateWhatCan(from: number, to: number): void {
    for (let i = from; i < to; i++) if (this.isMapped(i)) this.populate(i, i + 1);
  }

  /** What MADV_DONTNEED leaves: private pages are empty, shared ones stay in their object. */
  discard(page: number): void {
    if (this.file[page] === 0) this.#empty(page);
  }
}
