// The system calls over the naive model's pages: what each checks, in Linux's order, and what it
// does to each page. Results are as of the raw calls: -errno, or a number; addresses are bytes.

import { PAGE, Pages, VM } from "./pages.js";
import type { Bounds } from "./pages.js";

const [EPERM, EAGAIN, ENOMEM, EFAULT, EBUSY, EEXIST, EINVAL] = [-1, -11, -12, -14, -16, -17, -22];
/** What Linux does and the model cannot: a page in two places. */
const EOPNOTSUPP = -95;
const LOCKS = VM.LOCKED | VM.LOCKONFAULT;
const MAP = {
  SHARED: 1,
  PRIVATE: 2,
  TYPE: 15,
  FIXED: 16,
  LOCKED: 0x2000,
  NORESERVE: 0x4000,
} as const;
const [MAP_POPULATE, MAP_NOREPLACE] = [0x8000, 0x100000];

const pagesOf = (bytes: number): number => Math.ceil(bytes / PAGE);
const isAligned = (bytes: number): boolean => bytes % PAGE === 0;

/** Flags that an advice sets and clears. */
const ADVICE: Readonly<Record<number, readonly [set: number, clear: number]>> = {
  0: [0, VM.SEQ_READ | VM.RAND_READ],
  1: [VM.RAND_READ, VM.SEQ_READ],
  2: [VM.SEQ_READ, VM.RAND_READ],
  10: [VM.DONTCOPY, 0],
  11: [0, VM.DONTCOPY],
  16: [VM.DONTDUMP, 0],
  17: [0, VM.DONTDUMP],
  18: [VM.WIPEONFORK, 0],
  19: [0, VM.WIPEONFORK],
};
const [WILLNEED, DONTNEED, FREE, WIPEONFORK] = [3, 4, 8, 18];

/** The naive kernel. */
export class NaiveKernel {
  readonly pages: Pages;
  /** Soft limits, pages. */
  limitAs = Infinity;
  limitMemlock = 2048;
  brk: number;
  /** Pages that locked_vm counts although they are locked no more. */
  lockedTwice = 0;
  #defFlags = 0;
  readonly #startBrk: number;

  constructor(bounds: Bounds) {
    this.pages = new Pages(bounds);
    this.#startBrk = bounds.start * PAGE;
    this.brk = this.#startBrk;
  }

  /** locked_vm. */
  get locked(): number {
    return this.pages.locked + this.lockedTwice;
  }

  #fits(more: number): boolean {
    return this.pages.total + more <= this.limitAs;
  }

  #mayLock(flags: number, more: number): boolean {
    return (flags & VM.LOCKED) === 0 || this.locked + more <= this.limitMemlock;
  }

  #isOutside(at: number, length: number): boolean {
    const end = this.pages.bounds.end * PAGE;
    return length > end || at > end - length;
  }

  mmap(address: number, length: number, prot: number, flags: number): number {
    const { pages } = this;
    if (length === 0) return EINVAL;
    const count = pagesOf(length);
    const isFixed = (flags & (MAP.FIXED | MAP_NOREPLACE)) !== 0;
    let at = address;
    if (isFixed) {
      if (this.#isOutside(at, count * PAGE)) return ENOMEM;
      if (!isAligned(at)) return EINVAL;
    } else {
      const hint = Math.floor(address / PAGE);
      const place = hint > 0 && pages.isFree(hint, count) ? hint : pages.placeFor(count);
      if (place === undefined) return ENOMEM;
      at = place * PAGE;
    }
    const first = at / PAGE;
    if (flags & MAP_NOREPLACE && !pages.isFree(first, count)) return EEXIST;
    const isShared = (flags & MAP.TYPE) === MAP.SHARED;
    let vmFlags = this.#defFlags | prot | VM.MAY;
    if (flags & MAP.LOCKED) {
      if (this.limitMemlock === 0) return EPERM;
      vmFlags |= VM.LOCKED;
    }
    if (!this.#mayLock(vmFlags, count)) return EAGAIN;
    if (!isShared && (flags & MAP.TYPE) !== MAP.PRIVATE) return EINVAL;
    if (isShared) vmFlags |= VM.SHARED | VM.MAYSHARE;
    if (flags & MAP.NORESERVE) vmFlags |= VM.NORESERVE;
    let covered = 0;
    for (let i = first; i < first + count; i++) covered += pages.isMapped(i) ? 1 : 0;
    if (!this.#fits(count - covered)) return ENOMEM;
    pages.unmap(first, first + count);
    pages.map(first, first + count, vmFlags, isShared ? pages.newFile(count) : 0);
    if (vmFlags & VM.LOCKED || flags & MAP_POPULATE) pages.populateWhatCan(first, first + count);
    return at;
  }

  munmap(address: number, length: number): number {
    const count = pagesOf(length);
    if (!isAligned(address) || count === 0) return EINVAL;
    if (this.#isOutside(address, count * PAGE)) return EINVAL;
    this.pages.unmap(address / PAGE, address / PAGE + count);
    return 0;
  }

  /** @param regionAt the region at a mapped address, bytes */
  mremap(
    call: { address: number; oldLength: number; newLength: number; flags: number; to: number },
    regionAt: (address: number) => { start: number; end: number },
  ): number {
    const { pages } = this;
    const { address, flags, to } = call;
    const [old, wanted] = [pagesOf(call.oldLength), pagesOf(call.newLength)];
    const [mayMove, isFixed, keeps] = [flags & 1, flags & 2, flags & 4];
    if (flags > 7 || !isAligned(address) || wanted === 0) return EINVAL;
    if (wanted > pages.bounds.end) return EINVAL;
    if (isFixed || keeps) {
      if (this.#isOutside(to, wanted * PAGE) || !isAligned(to) || !mayMove) return EINVAL;
      if (keeps && old !== wanted) return EINVAL;
      if (address < to + wanted * PAGE && to < address + old * PAGE) return EINVAL;
    }
    const first = address / PAGE;
    if (!pages.isMapped(first)) return EFAULT;
    if (old === 0) return EINVAL;
    if (!isFixed && wanted <= old) {
      pages.unmap(first + wanted, first + old);
      return address;
    }
    const target = to / PAGE;
    const kept = Math.min(old, wanted);
    const { start, end } = regionAt(address);
    if (end < address + kept * PAGE) return EFAULT;
    const vmFlags = pages.flags[first]!;
    if (wanted > kept && !this.#mayLock(vmFlags, wanted - kept)) return EAGAIN;
    if (wanted > kept && !this.#fits(wanted - kept)) return ENOMEM;
    const [file, place] = [pages.file[first]!, pages.place[first]!];
    const gone = isFixed ? [target, target + wanted] : [0, 0];
    const isTwice =
      wanted > old && file !== 0 && pages.isMappedElsewhere(file, place + old, wanted - old, gone);
    if (isFixed) {
      if (isTwice) return EOPNOTSUPP;
      pages.unmap(target, target + wanted);
      pages.unmap(first + kept, first + old);
    }
    if (keeps && !this.#fits(wanted)) return ENOMEM;
    let at = isFixed ? target : first;
    if (!isFixed) {
      if (end !== address + old * PAGE || !pages.isFree(first + old, wanted - old)) {
        if (!mayMove) return ENOMEM;
        if (isTwice) return EOPNOTSUPP;
        const free = pages.placeFor(wanted);
        if (free === undefined) return ENOMEM;
        at = free;
      } else if (isTwice) return EOPNOTSUPP;
    }
    if (at !== first) pages.move(first, at, kept, keeps !== 0);
    if (keeps && vmFlags & VM.LOCKED) {
      // All of the region that the pages came from loses its lock, and Linux does not count it out.
      this.#relock(start / PAGE, end / PAGE, 0);
      this.lockedTwice += (end - start) / PAGE;
    }
    if (wanted > kept) pages.map(at + kept, at + wanted, vmFlags, file, place + kept);
    if (vmFlags & VM.LOCKED) pages.populateWhatCan(at + kept, at + wanted);
    return at * PAGE;
  }

  mprotect(address: number, length: number, prot: number): number {
    const { pages } = this;
    if (!isAligned(address)) return EINVAL;
    if (length === 0) return 0;
    const [first, last] = [address / PAGE, address / PAGE + pagesOf(length)];
    const end = pages.firstHole(first, last);
    for (let i = first; i < end; i++) {
      const before = pages.flags[i]!;
      pages.flags[i] = ((before & ~7) | prot) >>> 0;
      const wasOnlyLocked = (before & (VM.WRITE | VM.SHARED | VM.LOCKED)) === VM.LOCKED;
      if (wasOnlyLocked && prot & VM.WRITE) pages.populate(i, i + 1);
    }
    return end < last ? ENOMEM : 0;
  }

  madvise(address: number, length: number, advice: number): number {
    const { pages } = this;
    const isKnown = advice in ADVICE || [WILLNEED, DONTNEED, FREE].includes(advice);
    if (!isKnown || !isAligned(address)) return EINVAL;
    const [first, last] = [address / PAGE, address / PAGE + pagesOf(length)];
    let result = 0;
    for (let i = first; i < last; i++) {
      const flags = pages.flags[i]!;
      if (flags === 0) result = ENOMEM;
      else if (advice === DONTNEED || advice === FREE) {
        if (flags & (advice === FREE ? VM.SHARED | VM.LOCKED : VM.LOCKED)) return EINVAL;
        // Freed pages keep their bytes while memory is not short.
        if (advice === DONTNEED) pages.discard(i);
      } else if (advice !== WILLNEED) {
        if (advice === WIPEONFORK && flags & VM.SHARED) return EINVAL;
        const [set, clear] = ADVICE[advice]!;
        pages.flags[i] = ((flags & ~clear) | set) >>> 0;
      }
    }
    return result;
  }

  msync(address: number, length: number, flags: number): number {
    const { pages } = this;
    if (flags > 7 || !isAligned(address) || (flags & 5) === 5) return EINVAL;
    let result = 0;
    for (let i = address / PAGE; i < address / PAGE + pagesOf(length); i++) {
      if (!pages.isMapped(i)) {
        result = ENOMEM;
        if (flags === 1) return result;
      } else if (flags & 2 && pages.flags[i]! & VM.LOCKED) return EBUSY;
    }
    return result;
  }

  /** The bits, or -errno. */
  mincore(address: number, length: number): number[] | number {
    if (!isAligned(address)) return EINVAL;
    const [first, last] = [address / PAGE, address / PAGE + pagesOf(length)];
    if (this.pages.firstHole(first, last) < last) return ENOMEM;
    return [...this.pages.resident.subarray(first, last)];
  }

  /** mlock2; flags 1 is MLOCK_ONFAULT. */
  mlock(address: number, length: number, flags: number): number {
    const { pages } = this;
    if (flags > 1) return EINVAL;
    if (this.limitMemlock === 0) return EPERM;
    const first = Math.floor(address / PAGE);
    const last = first + pagesOf(length + (address % PAGE));
    let more = last - first;
    if (this.locked + more > this.limitMemlock)
      for (let i = first; i < last; i++) more -= (pages.flags[i] ?? 0) & VM.LOCKED ? 1 : 0;
    if (this.locked + more > this.limitMemlock) return ENOMEM;
    const set = VM.LOCKED | (flags === 1 ? VM.LOCKONFAULT : 0);
    if (!this.#relock(first, last, set)) return ENOMEM;
    return pages.populate(first, last) ? 0 : ENOMEM;
  }

  munlock(address: number, length: number): number {
    const first = Math.floor(address / PAGE);
    return this.#relock(first, first + pagesOf(length + (address % PAGE)), 0) ? 0 : ENOMEM;
  }

  /** Sets the locks of [first, last) up to the first hole. Whether there is none. */
  #relock(first: number, last: number, set: number): boolean {
    const { flags } = this.pages;
    const end = this.pages.firstHole(first, last);
    for (let i = first; i < end; i++) flags[i] = ((flags[i]! & ~LOCKS) | set) >>> 0;
    return end === last;
  }

  mlockall(flags: number): number {
    const { pages } = this;
    if (flags === 0 || flags > 7 || flags === 4) return EINVAL;
    if (this.limitMemlock === 0) return EPERM;
    if (flags & 1 && pages.total > this.limitMemlock) return ENOMEM;
    const set = VM.LOCKED | (flags & 4 ? VM.LOCKONFAULT : 0);
    this.#defFlags = flags & 2 ? set : 0;
    if (flags & 1) this.#lockAll(set);
    return 0;
  }

  munlockall(): number {
    this.#defFlags = 0;
    this.#lockAll(0);
    return 0;
  }

  #lockAll(set: number): void {
    const { pages } = this;
    for (let i = 0; i < pages.bounds.end; i++) if (pages.isMapped(i)) this.#relock(i, i + 1, set);
    if (set & VM.LOCKED) pages.populateWhatCan(0, pages.bounds.end);
  }

  /** The resulting break. */
  moveBreak(address: number): number {
    const { pages } = this;
    if (address < this.#startBrk) return this.brk;
    const [old, wanted] = [pagesOf(this.brk), pagesOf(address)];
    if (address <= this.brk) {
      // Nothing to give back, although there should be: somebody has unmapped it.
      let isGone = wanted < old;
      for (let i = wanted; i < old; i++) if (pages.isMapped(i)) isGone = false;
      if (isGone) return this.brk;
      pages.unmap(wanted, old);
    } else if (wanted > old) {
      const flags = this.#defFlags | VM.READ | VM.WRITE | VM.MAY;
      if (wanted > pages.bounds.end || !this.#mayLock(flags, wanted - old)) return this.brk;
      for (let i = old; i <= wanted; i++) if (pages.flags[i]) return this.brk;
      if (!this.#fits(wanted - old)) return this.brk;
      pages.map(old, wanted, flags);
      if (flags & VM.LOCKED) pages.populateWhatCan(old, wanted);
    }
    this.brk = address;
    return address;
  }

  /** 0 or a signal. */
  touch(page: number, isWrite: boolean): number {
    const signal = this.pages.signalOf(page, isWrite);
    if (signal === 0) this.pages.resident[page] = 1;
    return signal;
  }
}
