// One memory for many processes, one after another: engines think that memories of gigabytes are
// heavy, and collect garbage each time there is another one.

/** A place for one process at a time. */
export class Place {
  #memory: WebAssembly.Memory | undefined;
  #occupant: { dispose(): void } | undefined;

  /** The memory, free again: who was there must not be used any more. */
  freed(): WebAssembly.Memory {
    this.#occupant?.dispose();
    this.#occupant = undefined;
    return (this.#memory ??= new WebAssembly.Memory({ initial: 1, maximum: 65_535 }));
  }

  /** Notes who is there now. @returns who it is */
  taken<T extends { dispose(): void }>(occupant: T): T {
    this.#occupant = occupant;
    return occupant;
  }
}
