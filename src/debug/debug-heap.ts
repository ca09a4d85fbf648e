// A heap that watches over its blocks, for finding mistakes: leaks, use after free, overflows,
// double frees. It is a Heap in every respect; it takes more memory and time, and its addresses are
// others.

import type { Process } from "../process/process.js";
import type { CFunctions } from "../heap/c-functions.js";
import { Heap } from "../heap/heap.js";
import type { AccessKind } from "../heap/heap-memory.js";
import type { Lease } from "../heap/leases.js";
import type { OutOfMemoryPolicy } from "../heap/options.js";
import type { Abi, Mem } from "../layout/address.js";
import type { BlockRecord, TrackedBlock } from "./block.js";
import { placeOf, placeText, type PlaceKind } from "../inspect/place.js";
import { LeakError } from "./errors.js";
import { cFunctions } from "./guest.js";
import { groupLeaks, type LeakGroup } from "./leaks.js";
import type { DebugSettings } from "./options.js";
import { describeBlock, describeHistory, describeLeaks, hex, relation } from "./report.js";
import { entryOf } from "./stacks.js";
import { Tracker } from "./tracker.js";
import { ViewLog, type StaleView } from "./view-log.js";

/** The builds that a tracking heap can run on. */
export type DebugBuild = "core" | "checked" | "image";

/** Whose an address is. */
export interface Owner {
  /** The address. */
  readonly address: Mem;
  /**
   * What the address is: in a block, in the zone before or behind one, or what malloc and the
   * kernel have there.
   */
  readonly where: "live-block" | "freed-block" | "left-redzone" | "right-redzone" | PlaceKind;
  /** The block, where there is one. */
  readonly block: TrackedBlock | undefined;
  /** Bytes from the block's first byte, negative before it; undefined where there is none. */
  readonly offset: number | undefined;
  /** All of it in words, with stacks. */
  readonly text: string;
}

/** What a tracking heap has. */
export interface TrackedCounts {
  /** Blocks in use. */
  readonly blocks: number;
  /** Bytes that were asked for, of the blocks in use. */
  readonly bytes: number;
  /** Freed blocks that are kept. */
  readonly quarantinedBlocks: number;
  /** Their bytes, with what is around them. */
  readonly quarantinedBytes: number;
}

/** A heap that tracks its blocks. Make one with `createDebugHeap`. */
export class DebugHeap<A extends Abi = Abi, B extends DebugBuild = DebugBuild> extends Heap<A, B> {
  readonly #tracker: Tracker;
  readonly #settings: DebugSettings;
  readonly #views = new ViewLog();

  /** Not for use from outside: see `createDebugHeap`. @internal */
  constructor(process: Process<A, B>, policy: OutOfMemoryPolicy, settings: DebugSettings) {
    const tracker = new Tracker(process, settings);
    super(process, policy, cFunctions(process, tracker));
    this.#tracker = tracker;
    this.#settings = settings;
  }

  override toString(): string {
    const { blocks, bytes } = this.tracked;
    return this.describe("DebugHeap", `blocks: ${blocks}`, `bytes: ${bytes}`);
  }

  /** How many blocks there are now. */
  get tracked(): TrackedCounts {
    const { live, quarantine, quarantineBytes } = this.#tracker;
    let bytes = 0;
    for (const { size } of live.values()) bytes += size;
    return {
      ...{ blocks: live.size, bytes },
      ...{ quarantinedBlocks: quarantine.size, quarantinedBytes: quarantineBytes },
    };
  }

  /**
   * malloc and its family for a guest module's imports: what it allocates is tracked like
   * everything else.
   */
  cFunctions(): CFunctions<A> {
    return this.c;
  }

  /**
   * Looks for damage now: redzones that were written to, freed blocks that were. Everything else
   * finds them when a block is freed or used again.
   * @throws MemoryError, the first there is
   */
  check(): void {
    this.run("check", () => this.#tracker.check());
  }

  /**
   * Whose an address is: the block, with who allocated and freed it, or what malloc has there.
   * @param address any address, also inside a block
   */
  whoOwns(address: Mem): Owner {
    const block = this.#tracker.blockAt(address);
    if (block === undefined) {
      const where = placeOf(this.process, address).kind;
      const text = `${hex(address)} is ${placeText(where)}`;
      return { address, where, block, offset: undefined, text };
    }
    const text = `${hex(address)} is ${relation(address, block)} ${describeBlock(block)}\n${describeHistory(block)}`;
    const offset = address - block.address;
    return { address, where: zoneOf(block, offset), block, offset, text };
  }

  /** The blocks in use, by who allocated them. At the end of a program they are leaks. */
  leaks(): LeakGroup[] {
    return groupLeaks([...this.#tracker.live.values()].filter(({ isIgnored }) => !isIgnored));
  }

  /** `leaks()` as text. */
  leakReport(): string {
    return describeLeaks(this.leaks());
  }

  /**
   * A block is to live as long as the heap: it is no leak.
   * @param mem its address
   * @throws RangeError when there is no such block
   */
  ignoreLeak(mem: Mem): void {
    const block = this.#tracker.live.get(mem);
    if (block === undefined)
      throw new RangeError(`ignoreLeak: address must be a tracked block's, got ${mem}`);
    block.isIgnored = true;
  }

  /**
   * Typed arrays that this heap handed out, that the collector has not found unused, and that must
   * not be used any more: the memory grew and detached them, or their block was freed. A program
   * that still uses one reads nothing, or another block's bytes.
   */
  staleViews(): StaleView[] {
    return this.#views.stale(this.memory.buffer, (address, length) =>
      this.#isFreed(address, length),
    );
  }

  /**
   * Checks for damage and leaks, and ends the heap.
   * @throws MemoryError; LeakError, unless the option `leaks` says otherwise
   */
  override dispose(): void {
    if (!this.isAlive) return super.dispose();
    try {
      this.check();
      const leaks = this.leaks();
      if (leaks.length > 0) this.#settings.leaks(new LeakError(leaks));
    } finally {
      super.dispose();
    }
  }

  /** Checks whose bytes they are. @internal */
  override access(call: string, address: Mem, length: number, kind: AccessKind): DataView {
    const what = kind === "view" ? "view" : kind;
    const action = `${what} of ${length === 1 ? "1 byte" : `${length} bytes`} by ${call}`;
    this.#tracker.checkAccess(action, address, length);
    return super.access(call, address, length, kind);
  }

  /** @internal */
  override handOut<T extends ArrayBufferView>(view: T): T {
    this.#views.add(view, this.#settings.stackDepth, entryOf(this, "handOut"));
    return view;
  }

  /** Nobody freed it, so that it is a leak; freeing it would hide that. */
  protected override collected(lease: Lease): void {
    const block = this.#tracker.live.get(lease.address);
    if (block !== undefined) block.isAbandoned = true;
  }

  #isFreed(address: Mem, length: number): boolean {
    const block = this.#tracker.blockAt(address);
    return length > 0 && block !== undefined && block.state !== "live";
  }
}

function zoneOf({ size, state }: BlockRecord, offset: number): Owner["where"] {
  if (offset < 0) return "left-redzone";
  if (offset >= size) return "right-redzone";
  return state === "live" ? "live-block" : "freed-block";
}
