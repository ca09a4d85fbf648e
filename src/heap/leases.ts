// Who frees a block: the lease of a handle or of a scope says that its block is still its own.
// Whoever frees, moves or takes over the block by its address ends the lease, so that the handle
// does not free what is no longer there, or is somebody else's by now.

import type { Mem } from "../layout/address.js";

/** Says where an owned block is; 0 when it is owned no more. */
export interface Lease {
  address: Mem;
}

/** The leases of one heap. */
export class Leases {
  readonly #live = new Map<Mem, Lease>();
  readonly #registry: FinalizationRegistry<Lease> | undefined;

  /**
   * @param collected called with the lease of a handle that the garbage collector found unused,
   *   while the lease lasts
   */
  constructor(collected: (lease: Lease) => void) {
    if (typeof FinalizationRegistry === "undefined") return;
    this.#registry = new FinalizationRegistry((lease) => {
      if (lease.address !== 0) collected(lease);
    });
  }

  /** @returns the lease of a block that is owned from now on */
  grant(address: Mem): Lease {
    // What was here has been freed past this heap's back (heap.raw, another thread).
    this.end(address);
    const lease = { address };
    this.#live.set(address, lease);
    return lease;
  }

  /** Whoever freed or took over the block at `address`: its lease, if there is one, ends. */
  end(address: Mem): void {
    const lease = this.#live.get(address);
    if (lease === undefined) return;
    this.#live.delete(address);
    lease.address = 0;
  }

  /** The same for many blocks. */
  endAll(addresses: ArrayLike<Mem>): void {
    for (let i = 0; i < addresses.length && this.#live.size > 0; i++) this.end(addresses[i]!);
  }

  /** The block of a lease is elsewhere now. */
  move(lease: Lease, address: Mem): void {
    this.#live.delete(lease.address);
    this.end(address);
    lease.address = address;
    this.#live.set(address, lease);
  }

  /**
   * From now on it is told when the collector finds `handle` unused, if the lease still lasts then.
   */
  watch(handle: object, lease: Lease): void {
    this.#registry?.register(handle, lease);
  }
}
