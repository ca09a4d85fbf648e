// What all handles of blocks have in common: where the block is, whether it is still theirs, and
// how it is freed.

import type { Mem } from "../layout/address.js";
import { dispose } from "../base/dispose.js";
import { FreedBlockError } from "./errors.js";
import type { HeapMemory } from "./heap-memory.js";
import type { Lease } from "./leases.js";

/** The heap, as handles know it. */
export interface HandleHeap extends HeapMemory {
  readonly isAlive: boolean;
  calloc(count: number, size: number): Mem;
  free(mem: Mem): void;
  /** The block at `mem` is the caller's from now on, and nobody else's. */
  own(mem: Mem): Lease;
  /** From now on the block is also freed when the collector finds `handle` unused. */
  guard(handle: object, lease: Lease): void;
  /** Ends a lease, and leaves the block. */
  disown(lease: Lease): void;
  /** realloc of the lease's block: the lease goes with it. @throws OutOfMemoryError */
  resizeOwned(lease: Lease, size: number): void;
}

/** @returns where a lease's block is @throws FreedBlockError naming `call` */
export function addressOf({ address }: Lease, call: string): Mem {
  if (address === 0) throw new FreedBlockError(call);
  return address;
}

/** A block that is freed by its handle. */
export class Handle {
  protected readonly heap: HandleHeap;
  protected readonly lease: Lease;

  /** Not for use from outside: see `heap.alloc`. @internal */
  constructor(heap: HandleHeap, lease: Lease) {
    this.heap = heap;
    this.lease = lease;
  }

  /** The block's address. @throws FreedBlockError */
  get address(): Mem {
    return addressOf(this.lease, "address");
  }

  /**
   * Whether the block is no longer this handle's: freed, by whatever way this heap knows of, moved,
   * or released.
   */
  get isFreed(): boolean {
    return this.lease.address === 0;
  }

  /** Frees the block. A second time, or when the heap has ended, it does nothing. */
  free(): void {
    freeLease(this.heap, this.lease);
  }

  /**
   * Gives the block away: it stays, whoever gets its address is to free it, and this handle is not
   * to be used any more.
   * @returns the block's address
   * @throws FreedBlockError
   */
  release(): Mem {
    const address = addressOf(this.lease, "release");
    this.heap.disown(this.lease);
    return address;
  }

  /** For `using`: as `free`. */
  [dispose](): void {
    this.free();
  }
}

/** Frees what is owned, if it still is. */
export function freeLease(heap: HandleHeap, lease: Lease): void {
  if (lease.address === 0 || !heap.isAlive) return;
  heap.free(lease.address);
}
