// What may be accessed, in a byte for every 16 bytes of memory: blocks are aligned to 16, so the
// byte says how many of these, from the first on, are a block's, or whose they are if nobody's.

import { MALLOC_ALIGNMENT, PAGE_SHIFT } from "../layout/generated.js";

/** Bytes that a shadow byte speaks of. */
export const GRANULE = MALLOC_ALIGNMENT;

/** The values of a shadow byte besides 1 to 16, the number of bytes that may be accessed. */
export const Shadow = {
  /** Not this heap's to say. */
  UNKNOWN: 0,
  LEFT_REDZONE: 0xfa,
  RIGHT_REDZONE: 0xfb,
  FREED: 0xfd,
} as const;

const PAGE_GRANULES = 1 << PAGE_SHIFT;

/** The shadow of one memory; it takes room only where there are blocks. */
export class ShadowMemory {
  readonly #pages = new Map<number, Uint8Array>();

  /** Sets the bytes from `start`, a multiple of 16, up to `end`, which is rounded up. */
  fill(start: number, end: number, value: number): void {
    const last = Math.ceil(end / GRANULE);
    for (let granule = start / GRANULE; granule < last;) {
      const first = granule % PAGE_GRANULES;
      const count = Math.min(last - granule, PAGE_GRANULES - first);
      this.#page(Math.floor(granule / PAGE_GRANULES)).fill(value, first, first + count);
      granule += count;
    }
  }

  /** The `size` bytes from `address`, a multiple of 16, may be accessed. */
  allow(address: number, size: number): void {
    const whole = size - (size % GRANULE);
    this.fill(address, address + whole, GRANULE);
    if (whole < size) this.fill(address + whole, address + size, size - whole);
  }

  /** @returns the shadow of the byte at `address` */
  at(address: number): number {
    const granule = Math.floor(address / GRANULE);
    const page = this.#pages.get(Math.floor(granule / PAGE_GRANULES));
    return page?.[granule % PAGE_GRANULES] ?? Shadow.UNKNOWN;
  }

  /**
   * @returns the first byte of the range that is not known to be accessible; its end when all are
   */
  firstBad(address: number, length: number): number {
    const end = address + length;
    let at = address;
    while (at < end) {
      const value = this.at(at);
      const start = at - (at % GRANULE);
      if (value === Shadow.UNKNOWN || value > GRANULE) return at;
      if (value < GRANULE && Math.min(end, start + GRANULE) > start + value)
        return Math.max(at, start + value);
      at = start + GRANULE;
    }
    return end;
  }

  /** @returns how far, up to `end`, nothing is known of the bytes from `address` on */
  unknownEnd(address: number, end: number): number {
    let at = address;
    while (at < end && this.at(at) === Shadow.UNKNOWN) at += GRANULE - (at % GRANULE);
    return Math.min(at, end);
  }

  #page(number: number): Uint8Array {
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Uint8Array(PAGE_GRANULES);
      this.#pages.set(number, page);
    }
    return page;
  }
}
