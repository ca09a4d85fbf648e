import { describe, expect, it } from "vitest";
import { OpKind } from "../../../src/layout/generated.js";
import { parseTrace } from "../../../src/trace/parse.js";
import { KIND_BITS, TraceError, type Trace } from "../../../src/trace/trace.js";

const HEADER = "0\n3\n5\n1\n";

function parse(text: string): Trace {
  return parseTrace(new TextEncoder().encode(text), "t.rep");
}

/** Operations as `[letter, slot, x, y]`, arguments exact. */
function ops(trace: Trace): [string, number, bigint, bigint][] {
  return Array.from({ length: trace.count }, (_, i) => {
    const idKind = trace.idKinds[i]!;
    const kind = idKind & ((1 << KIND_BITS) - 1);
    const letter = "acmrf"[
      [OpKind.MALLOC, OpKind.CALLOC, OpKind.MEMALIGN, OpKind.REALLOC, OpKind.FREE].indexOf(
        kind as never,
      )
    ]!;
    const x = (BigInt(trace.xHigh[i]!) << 32n) | BigInt(trace.xLow[i]!);
    const y = (BigInt(trace.yHigh[i]!) << 32n) | BigInt(trace.yLow[i]!);
    return [letter, idKind >>> KIND_BITS, x, y];
  });
}

function failure(text: string): string {
  try {
    parse(text);
  } catch (error) {
    expect(error).toBeInstanceOf(TraceError);
    return (error as TraceError).message;
  }
  throw new Error("no error");
}

describe("operations", () => {
  it("reads every kind", () => {
    const trace = parse(`${HEADER}a 0 24\nc 1 3 8\nm 2 64 100\nr 0 48\nf 0\n`);
    expect(ops(trace)).toEqual([
      ["a", 1, 24n, 0n],
      ["c", 2, 3n, 8n],
      ["m", 3, 64n, 100n],
      ["r", 1, 48n, 0n],
      ["f", 1, 0n, 0n],
    ]);
    expect(trace.slots).toBe(4);
    expect(trace.header).toEqual([0, 3, 5, 1]);
    expect(trace.name).toBe("t.rep");
  });

  it("skips comments, blank lines, indentation and what follows the last number", () => {
    const text = `# c\n\n0\n3 ids\n5\n1\n\n  # d\n  a 0 24 # e\n\t\nf\t0 rest\n# f`;
    expect(ops(parse(text))).toEqual([
      ["a", 1, 24n, 0n],
      ["f", 1, 0n, 0n],
    ]);
  });

  it("reads CRLF, a byte order mark, a last line without newline, and ids glued to the letter", () => {
    expect(ops(parse(`\ufeff0\r\n1\r\n2\r\n1\r\na 0 7\r\n\r\nf0`))).toEqual([
      ["a", 1, 7n, 0n],
      ["f", 1, 0n, 0n],
    ]);
  });

  it("keeps 64-bit sizes exact and saturates beyond", () => {
    const sizes = [
      "9007199254740993",
      "18446744073709551615",
      "18446744073709551616",
      "4294967296",
    ];
    const trace = parse(
      HEADER + sizes.map((size, id) => `a ${id} ${size}\n`).join("") + "a 9 00012",
    );
    expect(ops(trace).map((op) => op[2])).toEqual([
      9007199254740993n,
      2n ** 64n - 1n,
      2n ** 64n - 1n,
      2n ** 32n,
      12n,
    ]);
  });
});

describe("ids", () => {
  it("maps sparse and huge ids to dense slots", () => {
    const ids = [
      "7",
      "4000000000",
      "9007199254740993",
      "9007199254740992",
      "123456789012345678901",
    ];
    const text =
      HEADER + ids.map((id) => `a ${id} 1\n`).join("") + ids.map((id) => `f ${id}\n`).join("");
    const trace = parse(text);
    expect(ops(trace).map((op) => op[1])).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
    expect(trace.slots).toBe(6);
  });

  it("gives a live id's new block a slot of its own, and reuses the slot of a freed one", () => {
    const trace = parse(`${HEADER}a 0 1\na 0 2\nf 0\na 0 3\nc 0 1 4\nm 0 16 5\nr 0 6\nf 0\n`);
    expect(ops(trace).map((op) => op[1])).toEqual([1, 2, 2, 2, 3, 4, 4, 4]);
  });

  it("never stores under a negative id, and frees nothing under an id not seen before", () => {
    const trace = parse(`${HEADER}a -1 8\nr -1 9\nf -1\nf 5\nr 5 1\nf -0\n`);
    expect(ops(trace).map((op) => op[1])).toEqual([1, 2, 0, 0, 3, 0]);
    expect(trace.slots).toBe(4);
  });
});

describe("headers", () => {
  it.each([
    ["no header", "a 0 1\n", 0],
    ["three lines (malloc lab without a weight)", "20000\n1\n1\na 0 1\n", 3],
    ["one line of four numbers", "20000 1 1 1\na 0 1\n", 1],
    ["five lines", "1\n2\n3\n4\n5\na 0 1\n", 5],
    ["wrong counts, a negative number", "-1\n99\n99\n1\na 0 1\n", 4],
  ])("accepts %s", (_, text, lines) => {
    const trace = parse(text);
    expect(trace.header).toHaveLength(lines);
    expect(trace.count).toBe(1);
  });

  it("accepts a trace without operations when the header is whole", () => {
    expect(parse(HEADER)).toMatchObject({ count: 0, slots: 1 });
  });
});

describe("malformed traces", () => {
  it.each([
    ["", "t.rep:1: the trace is empty"],
    ["# nothing\n\n", "t.rep:3: the trace is empty"],
    ["0\n3\n", "t.rep:3: the header is cut short and no operation follows"],
    [
      "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
      "t.rep:9: an operation (a, c, m, r or f) expected, not a number",
    ],
    [`${HEADER}a 0\n`, "t.rep:5: a number was expected"],
    [`${HEADER}a\n`, "t.rep:5: a number was expected"],
    [`${HEADER}a 0 x\n`, "t.rep:5: a number was expected"],
    [`${HEADER}c 0 3\n`, "t.rep:5: a number was expected"],
    [`${HEADER}a 0 1\n#\nm 0 16 -5\n`, "t.rep:7: negative size"],
    [`${HEADER}a 0 1\n\nz 0\n`, "t.rep:7: unknown operation 'z' (a, c, m, r, f, t or x expected)"],
    [`${HEADER}\u0000\n`, "t.rep:5: unknown operation byte 0x00 (a, c, m, r, f, t or x expected)"],
    [`${HEADER}a 0 1\n5\n`, "t.rep:6: unknown operation '5' (a, c, m, r, f, t or x expected)"],
    ["hello\n", "t.rep:1: unknown operation 'h' (a, c, m, r, f, t or x expected)"],
  ])("%j", (text, message) => {
    expect(failure(text)).toBe(message);
  });

  it.each([
    ["t -1", "t.rep:6: a thread is a number from 0 to 65535"],
    ["t 65536", "t.rep:6: a thread is a number from 0 to 65535"],
    ["t", "t.rep:6: a number was expected"],
    ["x 0\nf 0", "t.rep:7: thread 0 calls after its exit"],
    ["t 3\nx 3\nf 0", "t.rep:8: thread 3 calls after its exit"],
    ["x 3\nx 3", "t.rep:7: thread 3 exits twice"],
    ["t 3\nx 3\nt 3\nx 3\nx 3", "t.rep:10: thread 3 exits twice"],
  ])("of threads: %j", (lines, message) => {
    expect(failure(`${HEADER}a 0 1\n${lines}\n`)).toBe(message);
  });
});

describe("threads", () => {
  it("notes whose turn it is, and who exits, in front of which operation", () => {
    const trace = parse(`${HEADER}a 0 1\nt 2\nf 0\na 0 2\nx 2\nt 0\nf 0\nx 0\n`);
    expect(trace.count).toBe(4);
    expect([...trace.turns.at]).toEqual([1, 3, 3, 4]);
    expect([...trace.turns.who]).toEqual([2, ~2, 0, ~0]);
  });

  it("lets a number come again after its exit", () => {
    const trace = parse(`${HEADER}t 2\na 0 1\nx 2\nt 2\nf 0\nx 2\n`);
    expect([...trace.turns.who]).toEqual([2, ~2, 2, ~2]);
  });

  it("notes the line of each operation", () => {
    const trace = parse(`${HEADER}a 0 1\n# nothing\nt 2\n\nf 0\n`);
    expect([...trace.lines]).toEqual([5, 9]);
  });

  it("has no turns in a trace of one thread", () => {
    expect(parse(`${HEADER}a 0 1\n`).turns.at).toHaveLength(0);
  });
});
