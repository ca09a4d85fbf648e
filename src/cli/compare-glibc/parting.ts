// Where two versions of glibc part over a trace: the first operation in which they decide
// otherwise, and the first one that puts a block elsewhere. Both run at the same time, operation by
// operation, and tell their steps.

import type { GlibcVersion } from "../../binary/glibc.js";
import { StepLog } from "../../inspect/dry-run.js";
import type { StepText } from "../../inspect/steps.js";
import type { OpKind } from "../../layout/generated.js";
import type { Player, Step } from "../../trace/player.js";
import type { Trace } from "../../trace/trace.js";
import { playerIn, startMachine, type MachineOptions } from "../machine.js";

/** An operation under both versions. */
export interface Pair {
  /** Its number, from 0. */
  readonly index: number;
  readonly kind: OpKind;
  /** What was asked for. */
  readonly bytes: number;
  /** Under the first version, and under the other. */
  readonly there: Side;
  readonly here: Side;
}

/** An operation under one version. */
export interface Side {
  /** The block that it returned, or that was freed. */
  readonly mem: number;
  /** The way that malloc or free took. */
  readonly steps: readonly StepText[];
}

/** Where two versions part. */
export interface Parting {
  /** The first operation that took other steps, no later than `address`; nothing: there is none. */
  readonly decision: Pair | undefined;
  /** The first operation whose block lies elsewhere. */
  readonly address: Pair;
}

/** A version on its way through the trace. */
class Follower {
  readonly #player: Player;
  readonly #log: StepLog;
  #last!: Step;

  constructor(trace: Trace, glibc: GlibcVersion, options: MachineOptions) {
    const kernel = startMachine({ ...options, glibc });
    this.#log = new StepLog(kernel.process);
    this.#player = playerIn(kernel, trace, false, (step) => {
      this.#last = step;
    });
  }

  /** Makes the next operation. */
  next(): { readonly step: Step; readonly side: Side } {
    this.#player.to(this.#player.done + 1);
    const { before, after } = this.#last;
    return { step: this.#last, side: { mem: after || before, steps: this.#log.texts() } };
  }
}

/**
 * Finds where two versions part.
 * @param trace one in which some block lies elsewhere
 */
export function partingOf(
  trace: Trace,
  [first, other]: readonly [GlibcVersion, GlibcVersion],
  options: MachineOptions,
): Parting | undefined {
  const there = new Follower(trace, first, options);
  const here = new Follower(trace, other, options);
  let decision: Pair | undefined;
  for (let at = 0; at < trace.count; at++) {
    const [one, two] = [there.next(), here.next()];
    const { index, kind, bytes } = one.step;
    const pair = { index, kind, bytes, there: one.side, here: two.side };
    if (!isSameWay(one.side.steps, two.side.steps)) decision ??= pair;
    if (one.step.result !== two.step.result) return { decision, address: pair };
  }
  return undefined;
}

/** Whether the steps are the same; their numbers may be others. */
function isSameWay(one: readonly StepText[], two: readonly StepText[]): boolean {
  return one.length === two.length && one.every(({ name }, i) => name === two[i]!.name);
}
