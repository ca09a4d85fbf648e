// What each operation of a trace means, seen from an allocator that notes its calls; and the way
// through a trace.

import { describe, expect, it } from "vitest";
import type { Abi } from "../../src/layout/address.js";
import { OpKind } from "../../src/layout/generated.js";
import { startProcessSync } from "../../src/process/process.js";
import { parseTrace } from "../../src/trace/parse.js";
import {
  Player,
  playAnswers,
  type Allocator,
  type Callers,
  type Size,
  type Step,
} from "../../src/trace/player.js";
import { Threads } from "../../src/trace/threads.js";
import { TraceError, type Trace } from "../../src/trace/trace.js";

const SIZE_MAX = { ilp32: 2 ** 32 - 1, lp64: 2n ** 64n - 1n };

function parse(text: string): Trace {
  return parseTrace(new TextEncoder().encode(text), "t.rep");
}

/**
 * Notes every call and turn. Its blocks are "A", "B" and so on; it refuses what is above 1 GB, as
 * one number or as the product of two.
 */
class Scribe implements Allocator<string>, Callers<string> {
  readonly calls: string[] = [];
  readonly abi: Abi;
  #blocks = 0;

  constructor(abi: Abi) {
    this.abi = abi;
  }

  get now(): this {
    return this;
  }

  take(who: number): void {
    this.calls.push(who < 0 ? `exit ${-1 - who}` : `thread ${who}`);
  }

  malloc(size: Size): string | 0 {
    return this.#answer(`malloc(${size})`, Number(size));
  }

  calloc(count: Size, size: Size): string | 0 {
    return this.#answer(`calloc(${count}, ${size})`, Number(count) * Number(size));
  }

  memalign(alignment: Size, size: Size): string | 0 {
    return this.#answer(`memalign(${alignment}, ${size})`, Number(size));
  }

  realloc(block: string | 0, size: Size): string | 0 {
    const isFreeing = block !== 0 && size === 0;
    return this.#answer(`realloc(${block}, ${size})`, isFreeing ? Infinity : Number(size));
  }

  free(block: string | 0): void {
    this.calls.push(`free(${block})`);
  }

  #answer(call: string, bytes: number): string | 0 {
    const block = bytes > 1e9 ? 0 : String.fromCharCode(65 + this.#blocks++);
    this.calls.push(`${call} = ${block}`);
    return block;
  }
}

/** Plays a whole trace. */
function played(text: string, abi: Abi = "ilp32") {
  const scribe = new Scribe(abi);
  const steps: Step<string>[] = [];
  const player = new Player(parse(text), scribe, (step) => steps.push(step));
  player.to();
  return { calls: scribe.calls, steps, player };
}

describe("an operation", () => {
  it.each([
    ["a calls malloc", "a 0 24", ["malloc(24) = A"]],
    ["c calls calloc", "c 0 3 8", ["calloc(3, 8) = A"]],
    ["m calls memalign", "m 0 64 100", ["memalign(64, 100) = A"]],
    ["r calls realloc", "a 0 24\nr 0 50", ["malloc(24) = A", "realloc(A, 50) = B"]],
    ["f calls free", "a 0 24\nf 0", ["malloc(24) = A", "free(A)"]],
    ["r of an id without a block: NULL", "r 0 50\nf 0", ["realloc(0, 50) = A", "free(A)"]],
    ["f of an id without a block: NULL", "f 0\na 0 1\nf 0\nf 0", /free\(0\).*free\(A\),free\(0\)$/],
    ["a negative id never has a block", "a -1 8\nr -1 9\nf -1", /A,realloc\(0, 9\) = B,free\(0\)$/],
    ["a on a live id forgets its block", "a 0 1\na 0 2\nf 0", /= A,.* = B,free\(B\)$/],
    ["c and m on a live id, too", "a 0 1\nc 0 2 2\nm 0 8 8\nf 0", /= C,free\(C\)$/],
    ["a failed r keeps the block", "a 0 1\nr 0 2000000000\nf 0", /= A,.* = 0,free\(A\)$/],
    ["a failed a leaves none", "a 0 2000000000\nr 0 5", /= 0,realloc\(0, 5\) = A$/],
    ["r to 0 bytes frees", "a 0 1\nr 0 0\nf 0", /realloc\(A, 0\) = 0,free\(0\)$/],
    ["r of NULL to 0 bytes allocates", "r 0 0\nf 0", ["realloc(0, 0) = A", "free(A)"]],
    [
      "t and x are turns",
      "t 1\na 0 1\nx 1\nt 0\nf 0\nx 0",
      /^thread 1,.*,exit 1,thread 0,.*,exit 0/,
    ],
  ])("%s", (_, text, expected) => {
    const { calls } = played(`${text}\n`);
    if (expected instanceof RegExp) expect(calls.join()).toMatch(expected);
    else expect(calls).toEqual(expected);
  });

  it.each(["ilp32", "lp64"] as const)("has its sizes cut to SIZE_MAX, %s", (abi) => {
    const max = SIZE_MAX[abi];
    const { calls } = played(
      "a 0 18446744073709551615\nc 1 18446744073709551615 18446744073709551615\n" +
        "m 2 18446744073709551615 18446744073709551615\nr 3 18446744073709551615\n",
      abi,
    );
    expect(calls).toEqual([
      `malloc(${max}) = 0`,
      `calloc(${max}, ${max}) = 0`,
      `memalign(${max}, ${max}) = 0`,
      `realloc(0, ${max}) = 0`,
    ]);
  });

  it("has its sizes exactly in lp64", () => {
    const { steps } = played(
      "a 0 9007199254740991\na 1 9007199254740993\na 2 4294967296\n",
      "lp64",
    );
    expect(steps.map(({ x }) => x)).toEqual([2 ** 53 - 1, 2n ** 53n + 1n, 2 ** 32]);
  });
});

describe("the observer", () => {
  it("is told all of each step", () => {
    const { steps } = played("t 7\nc 0 3 8\nt 2\nr 0 2000000000\nr 0 0\nf 0\n");
    expect(steps).toEqual([
      {
        ...{ index: 0, kind: OpKind.CALLOC, thread: 7, slot: 1, x: 3, y: 8, bytes: 24 },
        ...{ before: 0, result: "A", after: "A", isRefused: false },
      },
      {
        ...{ index: 1, kind: OpKind.REALLOC, thread: 2, slot: 1, x: 2e9, y: 0, bytes: 2e9 },
        ...{ before: "A", result: 0, after: "A", isRefused: true },
      },
      {
        ...{ index: 2, kind: OpKind.REALLOC, thread: 2, slot: 1, x: 0, y: 0, bytes: 0 },
        ...{ before: "A", result: 0, after: 0, isRefused: false },
      },
      {
        ...{ index: 3, kind: OpKind.FREE, thread: 2, slot: 1, x: 0, y: 0, bytes: 0 },
        ...{ before: 0, result: 0, after: 0, isRefused: false },
      },
    ]);
  });

  it.each(["ilp32", "lp64"] as const)("is told the bytes that are asked for, %s", (abi) => {
    const text =
      "a 0 24\nc 1 3 8\nm 2 4294967296 100\nr 0 18446744073709551615\nc 3 4294967295 4294967295\nf 1\n";
    const bytes = played(text, abi).steps.map((step) => step.bytes);
    const max = Number(SIZE_MAX[abi]);
    expect(bytes).toEqual([24, 24, 100, max, (2 ** 32 - 1) ** 2, 0]);
  });

  it("knows a refused request from one that ends a block", () => {
    const { steps } = played("a 0 2000000000\nc 0 65536 65536\nm 0 8 8\nr 0 0\nr 0 0\nf -1\n");
    expect(steps.map(({ isRefused }) => isRefused)).toEqual([
      ...[true, true, false],
      ...[false, false, false],
    ]);
  });
});

describe("on the way", () => {
  const TEXT = "a 0 1\nt 1\na 1 2\nx 1\nt 0\nf 0\nx 0\n";

  it("stops in front of any operation, and goes on as if it had not", () => {
    const whole = played(TEXT).calls;
    const trace = parse(TEXT);
    const scribe = new Scribe("ilp32");
    const player = new Player(trace, scribe);
    const counts: number[] = [];
    for (let end = 0; end <= trace.count; end++) {
      player.to(end);
      player.to(end);
      expect(player.done).toBe(end);
      counts.push(scribe.calls.length);
    }
    expect(scribe.calls).toEqual(whole);
    // Turns come in front of the operation behind them, those at the end with the last operation.
    expect(counts).toEqual([0, 1, 3, 7]);
  });

  it("does not go back, nor beyond the end", () => {
    const player = new Player(parse(TEXT), new Scribe("ilp32"));
    player.to(2);
    expect(() => player.to(1)).toThrow(new RangeError("operation 1 is not in 2 to 3"));
    expect(() => player.to(4)).toThrow(RangeError);
    expect(() => player.to(NaN)).toThrow(RangeError);
    expect(player.done).toBe(2);
  });

  it("has the blocks by slot, and frees all that are live, forgotten ones too", () => {
    const { player, calls } = played("a 0 1\na 0 2\na 1 3\nf 1\na -1 4\n");
    expect([0, 1, 2, 3, 4].map((slot) => player.block(slot))).toEqual([0, "A", "B", 0, "D"]);
    player.release();
    expect(calls.slice(-3)).toEqual(["free(A)", "free(B)", "free(D)"]);
    player.release();
    expect(calls).toHaveLength(8);
  });

  it("stores nothing on the slot of ids that are never live", () => {
    const trace = { ...parse("a 0 1\nf 0\n"), idKinds: Uint32Array.of(OpKind.MALLOC, OpKind.FREE) };
    const scribe = new Scribe("ilp32");
    new Player(trace, scribe).to();
    expect(scribe.calls).toEqual(["malloc(1) = A", "free(0)"]);
  });

  it("an abort names trace, line and operation, in one line as the command prints it", () => {
    const trace = parse("# two blocks\na 0 24\na 1 24\n\nf 0\n");
    const process = startProcessSync({});
    const player = new Player(trace, new Threads(process, trace));
    player.to(2);
    // Its size becomes one that no chunk has.
    process.view().setUint32(player.block(1) - 4, 0xffff_fff1, true);
    expect(() => player.to()).toThrow(TraceError);
    expect(() => player.to()).toThrow(
      /^t\.rep:5: operation 2: [^\n]*free\(\): invalid pointer[^\n]*$/,
    );
  });
});

it("plays on known answers as on the allocator that gave them", () => {
  const text =
    "a 0 24\na 1 2000000000\nr 0 2000000000\nr 1 5\nr 1 0\nr 2 0\nf 0\nf 0\nt 3\nm 5 8 8\n";
  const { steps, player } = played(text);
  const refused = Uint8Array.from(steps, ({ isRefused }) => Number(isRefused));
  const again: Step<1>[] = [];
  playAnswers(player.trace, "ilp32", refused, (step) => again.push(step));
  const anonymous = (block: string | 0) => (block === 0 ? 0 : 1);
  expect(again).toEqual(
    steps.map((step) => ({
      ...step,
      before: anonymous(step.before),
      result: anonymous(step.result),
      after: anonymous(step.after),
    })),
  );
});

it("canary: another rule is noticed", () => {
  // An allocator that takes realloc to 0 bytes for a request is told from one that frees.
  const trace = parse("a 0 1\nr 0 0\nf 0\n");
  const scribe = new Scribe("ilp32");
  scribe.realloc = (block) => block;
  const steps: Step<string>[] = [];
  new Player(trace, scribe, (step) => steps.push(step)).to();
  expect(scribe.calls).toEqual(["malloc(1) = A", "free(A)"]);
  expect(steps).not.toEqual(played("a 0 1\nr 0 0\nf 0\n").steps);
});
