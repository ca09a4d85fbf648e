// Tells listeners that the memory grew. Nothing in the engine says so: memory.grow is an
// instruction, and the allocator grows the memory without a call of the host. So the size is
// compared when a call of the heap returns, and only while there are listeners.

import { bufferReaching } from "../layout/views.js";

/** How the memory grew. */
export interface GrowthEvent {
  /** Bytes before; views made then are detached, except over shared and resizable memories. */
  readonly from: number;
  /** Bytes now. */
  readonly to: number;
  /**
   * The call after which it was noticed: it, or something since the call before it, grew the
   * memory.
   */
  readonly call: string;
}

/**
 * Is told of growth. What it throws is reported as uncaught, and disturbs neither the call nor
 * other listeners.
 */
export type GrowthListener = (event: GrowthEvent) => void;

/** The listeners of one heap. */
export class GrowthWatch {
  readonly #memory: WebAssembly.Memory;
  readonly #listeners = new Set<GrowthListener>();
  #known = 0;

  /** @param memory what is watched */
  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /** A function that is added twice is called once. @returns what ends the listening */
  add(listener: GrowthListener): () => void {
    if (this.#listeners.size === 0) this.#known = bufferReaching(this.#memory, Infinity).byteLength;
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Compares, and tells. */
  notice(call: string): void {
    if (this.#listeners.size === 0) return;
    const from = this.#known;
    const to = bufferReaching(this.#memory, Infinity).byteLength;
    if (to === from) return;
    // First, because listeners may allocate.
    this.#known = to;
    for (const listener of this.#listeners) {
      try {
        listener({ from, to, call });
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
