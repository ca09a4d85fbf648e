// An allocator that knows its blocks: around each there are redzones, and what is freed is kept for
// a while, so that wrong accesses do not hit somebody else's block, and leave traces.

import type { Process } from "../process/process.js";
import type { Mem } from "../layout/address.js";
import type { BlockRecord, TrackedBlock } from "./block.js";
import { placeOf, placeText } from "../inspect/place.js";
import { MemoryError, type MistakeKind } from "./errors.js";
import { GRANULE, Shadow, ShadowMemory } from "./shadow.js";
import { entryOf, Stack, type Entry } from "./stacks.js";
import { ENOMEM } from "../layout/generated.js";
/** The error number of what there is no memory for. */

/** How a tracker is to work, all decided. */
export interface TrackerSettings {
  /** Bytes on each side of a block, a multiple of 16. */
  readonly redzone: number;
  /** Bytes of freed blocks that are kept. */
  readonly quarantine: number;
  /** Frames of each stack. */
  readonly stackDepth: number;
  /** Is told of a mistake; throws it, unless the program is to go on. */
  readonly report: (error: MemoryError) => void;
}

/** What bytes are filled with, so that they are told from data: as AddressSanitizer does it. */
export const Fill = { REDZONE: 0xfa, FRESH: 0xbe, FREED: 0xdd } as const;

/** Blocks that were given back to malloc and are remembered, for the sake of late double frees. */
const RELEASED_MOST = 4096;

/** The blocks of one process, as one heap knows them. */
export class Tracker {
  readonly #process: Process;
  readonly #settings: TrackerSettings;
  readonly #shadow = new ShadowMemory();
  readonly #live = new Map<Mem, BlockRecord>();
  /** The oldest first. */
  readonly #quarantine = new Map<Mem, BlockRecord>();
  #quarantined = 0;
  /** The oldest first; an address that is used again is here no more. */
  readonly #released = new Map<Mem, BlockRecord>();

  /** The method that was called. */
  #entry: Entry = entryOf(this, "check");

  constructor(process: Process, settings: TrackerSettings) {
    this.#process = process;
    this.#settings = settings;
  }

  /** Blocks in use. */
  get live(): ReadonlyMap<Mem, BlockRecord> {
    return this.#live;
  }

  /** Freed blocks that are kept. */
  get quarantine(): ReadonlyMap<Mem, BlockRecord> {
    return this.#quarantine;
  }

  /** Bytes of the freed blocks that are kept, with what is around them. */
  get quarantineBytes(): number {
    return this.#quarantined;
  }

  malloc(size: number): Mem {
    this.#entry = entryOf(this, "malloc");
    return this.#allocate("malloc", size, GRANULE, Fill.FRESH);
  }

  calloc(count: number, size: number): Mem {
    this.#entry = entryOf(this, "calloc");
    return this.#allocate("calloc", count * size, GRANULE, 0);
  }

  memalign(alignment: number, size: number): Mem {
    this.#entry = entryOf(this, "memalign");
    return this.#allocate("memalign", size, alignment, Fill.FRESH);
  }

  alignedAlloc(alignment: number, size: number): Mem {
    this.#entry = entryOf(this, "alignedAlloc");
    return this.#allocate("alignedAlloc", size, alignment, Fill.FRESH);
  }

  reallocarray(mem: Mem, count: number, size: number): Mem {
    return this.realloc(mem, count * size);
  }

  /** It always moves, so that whoever keeps the old address is found out. */
  realloc(mem: Mem, size: number): Mem {
    this.#entry = entryOf(this, "realloc");
    if (mem === 0) return this.#allocate("realloc", size, GRANULE, Fill.FRESH);
    const block = this.#live.get(mem);
    if (block === undefined) {
      if (this.#refuse("realloc", mem)) return 0;
      return this.#process.realloc(mem, size);
    }
    if (size === 0) {
      this.#free(block, "realloc");
      return 0;
    }
    const next = this.#allocate("realloc", size, GRANULE, Fill.FRESH);
    if (next === 0) return 0;
    this.#process.u8().copyWithin(next, mem, mem + Math.min(size, block.size));
    this.#free(block, "realloc");
    return next;
  }

  free(mem: Mem): void {
    this.#entry = entryOf(this, "free");
    if (mem === 0) return;
    const block = this.#live.get(mem);
    if (block !== undefined) this.#free(block, "free");
    else if (!this.#refuse("free", mem)) this.#process.free(mem);
  }

  /** What was asked for: what is behind that is not to be used. */
  usableSize(mem: Mem): number {
    return this.#live.get(mem)?.size ?? this.#process.usableSize(mem);
  }

  /**
   * Looks at an access before it is made.
   * @param action such as "read of 4 bytes by load"
   */
  checkAccess(action: string, address: Mem, length: number): void {
    this.#entry = entryOf(this, "checkAccess");
    const end = address + length;
    let at = address;
    for (;;) {
      at = this.#shadow.firstBad(at, end - at);
      if (at >= end) return;
      if (this.#shadow.at(at) !== Shadow.UNKNOWN) break;
      const place = placeOf(this.#process, at);
      // Not tracked, but not wrong for all that is known: on to what is behind it.
      if (place.kind !== "in-use-chunk" && place.kind !== "not-heap") break;
      at = Math.min(end, place.end, this.#shadow.unknownEnd(at, end));
    }
    this.#report(this.#accessKind(at), at, action);
  }

  /** Looks for damage around blocks in use, and in those that were freed. Reports the first. */
  check(): void {
    this.#entry = entryOf(this, "check");
    for (const block of this.#live.values()) this.#checkRedzones(block, "found by check");
    for (const block of this.#quarantine.values()) this.#checkFreed(block, "found by check");
  }

  /** Gives all freed blocks that are kept back to malloc. */
  flush(): void {
    for (const block of this.#quarantine.values()) this.#release(block);
  }

  /**
   * @returns the block that `address` is in, or whose redzone it is in; what was given back to
   *   malloc does not count
   */
  blockAt(address: number): BlockRecord | undefined {
    for (const blocks of [this.#live, this.#quarantine])
      for (const block of blocks.values())
        if (address >= block.base && address < block.end) return block;
    return undefined;
  }

  #allocate(call: string, size: number, alignment: number, fill: number): Mem {
    const { redzone } = this.#settings;
    const step = 2 ** Math.ceil(Math.log2(Math.max(alignment, GRANULE)));
    const left = Math.ceil(redzone / step) * step;
    const total = left + size + redzone;
    if (total > this.#sizeMax()) {
      this.#setErrno(ENOMEM);
      return 0;
    }
    const base = this.#take(step, total);
    if (base === 0) return 0;
    const address = base + left;
    const end = base + this.#process.usableSize(base);
    const bytes = this.#process.u8();
    bytes.fill(Fill.REDZONE, base, address);
    bytes.fill(fill, address, address + size);
    bytes.fill(Fill.REDZONE, address + size, end);
    this.#shadow.fill(base, address, Shadow.LEFT_REDZONE);
    this.#shadow.fill(address, end, Shadow.RIGHT_REDZONE);
    this.#shadow.allow(address, size);
    this.#released.delete(address);
    this.#live.set(address, {
      ...{ address, size, call, base, end, state: "live", freed: undefined },
      ...{ isAbandoned: false, isIgnored: false },
      allocated: this.#stack(),
    });
    return address;
  }

  #sizeMax(): number {
    // PTRDIFF_MAX, or what numbers can tell.
    return this.#process.abi === "ilp32" ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER;
  }

  /** malloc's own block. When memory is short, what is kept of freed ones goes. */
  #take(alignment: number, total: number): Mem {
    // The profile "small" aligns to less by itself.
    const isAligned = alignment <= GRANULE && this.#process.profile !== "small";
    const take = () =>
      isAligned ? this.#process.malloc(total) : this.#process.memalign(alignment, total);
    const { errno } = this.#process;
    const base = take();
    if (base !== 0 || this.#quarantine.size === 0) return base;
    this.flush();
    const second = take();
    // A call that works leaves errno as it was.
    if (second !== 0) this.#setErrno(errno);
    return second;
  }

  #setErrno(errno: number): void {
    const { raw } = this.#process;
    const at = this.#process.fromWord(raw.__errno_location());
    this.#process.view().setInt32(at, errno, true);
  }

  #free(block: BlockRecord, call: string): void {
    const { address, size, base, end } = block;
    this.#live.delete(address);
    const isDamaged = this.#redzoneDamage(block);
    block.state = "quarantined";
    block.freed = this.#stack();
    this.#process.u8().fill(Fill.FREED, address, address + size);
    this.#shadow.fill(address, address + size, Shadow.FREED);
    this.#quarantine.set(address, block);
    this.#quarantined += end - base;
    this.#evict();
    if (isDamaged !== undefined)
      this.#damaged(block, isDamaged, `found when it was freed by ${call}`);
  }

  #evict(): void {
    for (const block of this.#quarantine.values()) {
      if (this.#quarantined <= this.#settings.quarantine) return;
      this.#checkFreed(block, "found when it was used again");
      this.#release(block);
    }
  }

  #release(block: BlockRecord): void {
    const { address, base, end } = block;
    this.#quarantine.delete(address);
    this.#quarantined -= end - base;
    this.#shadow.fill(base, end, Shadow.UNKNOWN);
    block.state = "released";
    this.#released.set(address, block);
    if (this.#released.size > RELEASED_MOST) {
      const [oldest] = this.#released.keys();
      this.#released.delete(oldest!);
    }
    this.#process.free(base);
  }

  /**
   * Reports an address that is to be freed and must not be.
   * @returns false when malloc may judge for itself
   */
  #refuse(call: string, mem: Mem): boolean {
    const known = this.#quarantine.get(mem) ?? this.#released.get(mem);
    if (known !== undefined) this.#report("double-free", mem, `${call} of a freed block`, known);
    else if (this.#shadow.at(mem) !== Shadow.UNKNOWN)
      this.#report("invalid-free", mem, `${call} of what is not a block's first byte`);
    else return false;
    return true;
  }

  #redzoneDamage({ address, size, base, end }: BlockRecord): Mem | undefined {
    const bytes = this.#process.u8();
    // Outwards from the block: the nearest byte tells most.
    for (let at = address + size; at < end; at++) if (bytes[at] !== Fill.REDZONE) return at;
    for (let at = address - 1; at >= base; at--) if (bytes[at] !== Fill.REDZONE) return at;
    return undefined;
  }

  #checkRedzones(block: BlockRecord, found: string): void {
    const at = this.#redzoneDamage(block);
    if (at !== undefined) this.#damaged(block, at, found);
  }

  #damaged(block: BlockRecord, at: Mem, found: string): void {
    const { address, size, base, end } = block;
    const kind = at < address ? "heap-buffer-underflow" : "heap-buffer-overflow";
    const bytes = this.#process.u8();
    const value = bytes[at]!;
    // Once is enough.
    bytes.fill(Fill.REDZONE, base, address);
    bytes.fill(Fill.REDZONE, address + size, end);
    this.#report(kind, at, `a byte was overwritten with ${hex2(value)}, ${found}`, block);
  }

  #checkFreed(block: BlockRecord, found: string): void {
    const { address, size } = block;
    const bytes = this.#process.u8();
    let at = address;
    while (at < address + size && bytes[at] === Fill.FREED) at++;
    if (at === address + size) return this.#checkRedzones(block, found);
    const value = bytes[at]!;
    bytes.fill(Fill.FREED, address, address + size);
    const action = `a byte was overwritten with ${hex2(value)} after its block was freed, ${found}`;
    this.#report("heap-use-after-free", at, action, block);
  }

  #stack(): Stack {
    return Stack.capture(this.#settings.stackDepth, this.#entry);
  }

  #accessKind(at: Mem): MistakeKind {
    const value = this.#shadow.at(at);
    if (value === Shadow.UNKNOWN) return "wild-access";
    if (value === Shadow.FREED) return "heap-use-after-free";
    return value === Shadow.LEFT_REDZONE ? "heap-buffer-underflow" : "heap-buffer-overflow";
  }

  #report(
    kind: MistakeKind,
    address: Mem,
    action: string,
    known: TrackedBlock | undefined = this.blockAt(address),
  ): void {
    const stack = this.#stack();
    const place = known === undefined ? placeText(placeOf(this.#process, address).kind) : undefined;
    this.#settings.report(new MemoryError({ kind, address, action, block: known, place, stack }));
  }
}

function hex2(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}
