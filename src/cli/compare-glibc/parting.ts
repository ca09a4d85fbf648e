// Where two versions of glibc part over a trace: the first operation in which they decide
// otherwise, and the first one that puts a block elsewhere. Both run at the same time, operation by
// operation, and tell their steps.

import type { GlibcVersion } from "../../binary/glibc.js";
import { readMallocPar } from "../../inspect/arenas.js";
import { stepTexts, type StepTaken, type StepText } from "../../inspect/steps.js";
import type { FullProcess } from "../../kernel.js";
import type { OpKind, Step as StepId } from "../../layout/generated.js";
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

/** What an operation came to, as it was told. */
interface Move {
  readonly step: Step;
  readonly taken: readonly StepTaken[];
}

/** A version on its way through the trace. */
class Follower {
  readonly process: FullProcess;
  readonly #player: Player;
  #taken: StepTaken[] = [];
  #last!: Step;

  constructor(trace: Trace, glibc: GlibcVersion, options: MachineOptions) {
    const kernel = startMachine({ ...options, glibc });
    this.process = kernel.process;
    this.process.onStep((step, first, second) => {
      this.#taken.push({ step: step as StepId, first, second });
    });
    this.#player = playerIn(kernel, trace, false, (step) => {
      this.#last = step;
    });
  }

  next(): Move {
    this.#taken = [];
    this.#player.to(this.#player.done + 1);
    return { step: this.#last, taken: this.#taken };
  }

  side({ step: { before, after }, taken }: Move): Side {
    const { process } = this;
    const { tcacheCount } = readMallocPar(process);
    return { mem: after || before, steps: stepTexts(taken, { abi: process.abi, tcacheCount }) };
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
  const pairOf = (one: Move, two: Move): Pair => {
    const { index, kind, bytes } = one.step;
    return { index, kind, bytes, there: there.side(one), here: here.side(two) };
  };
  for (let index = 0; index < trace.count; index++) {
    const [one, two] = [there.next(), here.next()];
    if (decision === undefined && !isSameWay(one.taken, two.taken)) decision = pairOf(one, two);
    if (one.step.result === two.step.result) continue;
    return { decision, address: decision?.index === index ? decision : pairOf(one, two) };
  }
  return undefined;
}

/** Whether the steps are the same; their numbers may be others. */
function isSameWay(one: readonly StepTaken[], two: readonly StepTaken[]): boolean {
  return one.length === two.length && one.every(({ step }, i) => step === two[i]!.step);
}
