// What free() or malloc() would do, without doing it: a copy of the process does. So the verdict is
// that of the code itself, and its words are the way that it took.

import type { Abi, Mem } from "../layout/address.js";
import { HeapAbort, type FailureName } from "../process/failures.js";
import type { Process } from "../process/process.js";
import { readMallocPar } from "./arenas.js";
import { fork } from "./checkpoint.js";
import { offendingValues, type OffendingValue } from "./offending.js";
import { hex } from "./source.js";
import { stepTexts, type StepTaken, type StepText } from "./steps.js";
import type { Step } from "../layout/generated.js";

/** What a call would come to. */
export interface Verdict {
  /** The call, as it would be written. */
  readonly call: string;
  /** The way that it would take. */
  readonly steps: readonly StepText[];
  /** What it would return: a block's address, 0 for NULL; nothing where it would not return. */
  readonly result?: Mem;
  /** What would end the process: glibc's message, letter for letter, and what it is about. */
  readonly failure?: {
    /** Which check. */
    readonly name: FailureName;
    /** glibc's message; of a link to nowhere, where it is. */
    readonly message: string;
    /** What the process would die of. */
    readonly signal: "SIGABRT" | "SIGSEGV";
    /** The chunk or block that failed the check, an address. */
    readonly at: number;
    /** What the check looked at. */
    readonly values: readonly OffendingValue[];
  };
}

/**
 * What `free(mem)` would do now.
 * @param process the thread that would call
 * @returns the verdict; the process stays as it is
 */
export function tryFree(process: Process<Abi, "full">, mem: Mem): Verdict {
  return tryCall(process, `free(${hex(mem)})`, (copy) => {
    copy.free(mem);
    return undefined;
  });
}

/** What `malloc(bytes)` would do now. @returns as {@link tryFree} */
export function tryMalloc(process: Process<Abi, "full">, bytes: number | bigint): Verdict {
  return tryCall(process, `malloc(${bytes})`, (copy) => copy.malloc(bytes));
}

/**
 * What a call would do now.
 * @param call how it is written
 * @param make makes it, in the process that it is given
 */
export function tryCall(
  process: Process<Abi, "full">,
  call: string,
  make: (copy: Process<Abi, "full">) => Mem | undefined,
): Verdict {
  const [copy] = fork([process]);
  const steps = new StepLog(copy!);
  try {
    const result = make(copy!);
    return { call, steps: steps.texts(), ...(result === undefined ? {} : { result }) };
  } catch (error) {
    if (!(error instanceof HeapAbort)) throw error;
    const { failure: name, abortMessage: message, signal, address: at } = error;
    const values = offendingValues(copy!, name, at);
    return { call, steps: steps.texts(), failure: { name, message, signal, at, values } };
  }
}

/** The steps of the calls that a process makes from now on. */
export class StepLog {
  readonly #process: Process<Abi, "full">;
  #taken: StepTaken[] = [];

  constructor(process: Process<Abi, "full">) {
    this.#process = process;
    process.onStep((step, first, second) => {
      this.#taken.push({ step: step as Step, first, second });
    });
  }

  /** @returns those since the last time, in words */
  texts(): StepText[] {
    const { abi, glibc } = this.#process;
    const { tcacheCount } = readMallocPar(this.#process);
    const texts = stepTexts(this.#taken, { abi, glibc, tcacheCount });
    this.#taken = [];
    return texts;
  }

  /** Listens no more. */
  end(): void {
    this.#process.onStep();
  }
}
