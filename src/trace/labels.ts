// The labels of a trace's operations, each different one kept once.

import type { Labels } from "./trace.js";

/** Labels, as they are found. */
export class LabelTable {
  readonly #texts = [""];
  readonly #numbers = new Map([["", 0]]);
  readonly #of: Uint32Array;

  /** @param most how many operations there may be */
  constructor(most: number) {
    this.#of = new Uint32Array(most);
  }

  /** Whether any operation has a label. */
  get isUsed(): boolean {
    return this.#texts.length > 1;
  }

  /** Gives an operation its label; "" is none. */
  set(index: number, text: string): void {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#texts.push(text) - 1;
      this.#numbers.set(text, number);
    }
    this.#of[index] = number;
  }

  /** @returns the labels of the first `count` operations, which are all there are */
  cut(count: number): Labels {
    return { texts: this.#texts, of: this.#of.subarray(0, count) };
  }
}
