import { describe, expect, it } from "vitest";
import { OpKind } from "../../src/layout/generated.js";
import { parseTrace } from "../../src/trace/parse.js";
import { kindOf, slotOf, TraceError, type Trace } from "../../src/trace/trace.js";

const HEADER = "0\n3\n5\n1\n";

function parse(text: string): Trace {
  return parseTrace(new TextEncoder().encode(text), "t.rep");
}

/** Operations as `[letter, slot, x, y]`, arguments exact. */
function ops(trace: Trace): [string, number, bigint, bigint][] {
  return Array.from({ length: trace.count }, (_, i) => {
    const idKind = trace.idKinds[i]!;
    const kind = kindOf(idKind);
    const letter = "acmrf"[
      [OpKind.MALLOC, OpKind.CALLOC, OpKind.MEMALIGN, OpKind.REALLOC, OpKind.FREE].indexOf(kind)
    ]!;
    const x = (BigInt(trace.xHigh[i]!) << 32n) | BigInt(trace.xLow[i]!);
    const y = (BigInt(trace.yHigh[i]!) << 32n) | BigInt(trace.yLow[i]!);
    return [letter, slotOf(idKind), x, y];
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

  it("skips comments, blank lines and indentation", () => {
    const text = `# c\n\n0\n3 # ids\n5\n1\n\n  # d\n  a 0 24 # e\n\t\n\vf\t0\f#rest\n# f`;
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

  it("keeps 64-bit sizes exact, in decimal and hex", () => {
    const sizes = ["9007199254740993", "18446744073709551615", "4294967296", "00012", "0x100"];
    const wide = ["0XffffFFFFffffFFFF", "0x20000000000001", "0x0"];
    const text = [...sizes, ...wide].map((size, id) => `a ${id} ${size}\n`).join("");
    expect(ops(parse(`${HEADER}${text}`)).map((op) => op[2])).toEqual([
      2n ** 53n + 1n,
      2n ** 64n - 1n,
      2n ** 32n,
      12n,
      256n,
      2n ** 64n - 1n,
      2n ** 53n + 1n,
      0n,
    ]);
  });

  it("takes hex for every number", () => {
    const text = "0x0\n0x3\n0x3\n0x1\nt 0x2\nc 0x0 0x3 0x8\nm 0x1 0x40 0x64\nf 0x0\n";
    const trace = parse(text);
    expect(trace.header).toEqual([0, 3, 3, 1]);
    expect(ops(trace)).toEqual([
      ["c", 1, 3n, 8n],
      ["m", 2, 64n, 100n],
      ["f", 1, 0n, 0n],
    ]);
  });

  it.each([
    ["carriage returns only", (text: string) => text.replaceAll("\n", "\r"), "latin1"],
    ["CRLF", (text: string) => text.replaceAll("\n", "\r\n"), "latin1"],
    ["UTF-16, little-endian", (text: string) => `\ufeff${text}`, "utf16le"],
    ["UTF-16 without a mark", (text: string) => text, "utf16le"],
  ] as const)("reads %s", (_, change, encoding) => {
    const text = `${HEADER.replace("5", "2")}a 0 7\n\n# ü\nf 0\n`;
    const trace = parseTrace(Buffer.from(change(text), encoding), "t.rep");
    expect(ops(trace)).toEqual([
      ["a", 1, 7n, 0n],
      ["f", 1, 0n, 0n],
    ]);
    expect([...trace.lines]).toEqual([5, 8]);
    expect(trace.notes).toEqual([]);
  });

  it("reads UTF-16, big-endian", () => {
    for (const mark of ["\ufeff", ""]) {
      const bytes = Buffer.from(`${mark}0\n1\n1\n1\na 0 7\n`, "utf16le").swap16();
      expect(ops(parseTrace(bytes, "t.rep"))).toEqual([["a", 1, 7n, 0n]]);
    }
  });
});

describe("ids", () => {
  it("maps sparse and huge ids to dense slots", () => {
    const ids = ["7", "4000000000", "9007199254740993", "9007199254740992", "18446744073709551615"];
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
    ["one line of four numbers", "20000 1 1 1\na 0 1\n", 4],
    ["five lines", "1\n2\n3\n4\n5\na 0 1\n", 5],
    ["wrong counts, a negative number", "-1\n99\n99\n1\na 0 1\n", 4],
  ])("accepts %s", (_, text, lines) => {
    const trace = parse(text);
    expect(trace.header).toHaveLength(lines);
    expect(trace.count).toBe(1);
  });

  it("accepts a trace without operations when the header is whole", () => {
    expect(parse("0\n0\n0\n1\n")).toMatchObject({ count: 0, slots: 1, notes: [] });
  });
});

const LINE = "a line begins with a, c, m, r, f, t or x";

describe("malformed traces", () => {
  it.each([
    ["", "1:1: the trace is empty"],
    ["\ufeff", "1:1: the trace is empty"],
    ["# nothing\n\n", "3:1: the trace is empty"],
    ["0\n3\n", "3:1: no operation follows the header: the file is cut short"],
    [HEADER, "5:1: no operation follows the header: the file is cut short"],
    [
      "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
      "9:1: an operation (a, c, m, r, f, t or x) expected, not a number",
    ],
    ["1 2x\n", '1:3: the header\'s "2x" is not a whole number, decimal or hex (0x…)'],
    ["3 ids\n", '1:3: the header\'s "ids" is not a whole number, decimal or hex (0x…)'],
    [`${HEADER}a 0\n`, '5:4: SIZE is missing ("a ID SIZE")'],
    [`${HEADER}a\n`, '5:2: ID is missing ("a ID SIZE")'],
    [`${HEADER}a 0 # 1\n`, '5:8: SIZE is missing ("a ID SIZE")'],
    [`${HEADER}c 0 3\n`, '5:6: SIZE is missing ("c ID NMEMB SIZE")'],
    [`${HEADER}m 0\n`, '5:4: ALIGN is missing ("m ID ALIGN SIZE")'],
    [`${HEADER}a 0 1\n#\nm 0 16 -5\n`, "7:8: negative SIZE"],
    [`${HEADER}c 0 -0 5\n`, "5:5: negative NMEMB"],
    [`${HEADER}a 0 1\n\nz 0\n`, `7:1: unknown operation "z": ${LINE}`],
    [`${HEADER}\u0000\n`, `5:1: unknown operation "\\x00": ${LINE}`],
    [`${HEADER}a 0 1\n5\n`, `6:1: unknown operation "5": ${LINE}`],
    ["hello\n", `1:1: unknown operation "hello": ${LINE}`],
    ["malloc 10\n", `1:1: unknown operation "malloc": ${LINE}; malloc is "a ID SIZE"`],
    ["Free 10\n", `1:1: unknown operation "Free": ${LINE}; free is "f ID"`],
    ["to 1\n", `1:1: unknown operation "to": ${LINE}`],
    [`${"q".repeat(50)}\n`, `1:1: unknown operation "${"q".repeat(40)}…": ${LINE}`],
    [
      `${HEADER}a 0 24 f 0\n`,
      '5:8: "f" is left over: one operation a line, and # before a comment',
    ],
    [`${HEADER}f 0 24\n`, '5:5: "24" is left over: one operation a line, and # before a comment'],
  ])("%j", (text, message) => {
    expect(failure(text)).toBe(`t.rep:${message}`);
  });

  it.each(["1e6", "12abc", "1.5", "0x", "0xfg", "0b1", "1_0", "+1", "--1", "x", "1,", "²", "1#"])(
    "%s is no number, wherever one is",
    (token) => {
      const rule = `is not a whole number, decimal or hex (0x…)`;
      const shown = token === "²" ? "\\xc2\\xb2" : token;
      const places = [`a 0 ${token}`, `a ${token} 1`, `c 0 ${token} 2`, `c 0 2 ${token}`];
      for (const line of [...places, `f ${token}`, `r 1 ${token}`, `t ${token}`, `x ${token}`]) {
        expect(failure(`${HEADER}a 0 1\n${line}\n`)).toMatch(/^t\.rep:6:\d: [A-Z]+ "/);
        const column = line.indexOf(token, 1) + 1;
        const failed = failure(`${HEADER}a 0 1\n${line}\n`);
        expect(failed.startsWith(`t.rep:6:${column}: `)).toBe(true);
        expect(failed.endsWith(` "${shown}" ${rule}`)).toBe(true);
      }
    },
  );

  it.each([
    "18446744073709551616",
    "0x10000000000000000",
    "9".repeat(5000),
    `0x${"f".repeat(300)}`,
  ])("%.30s is too large", (number) => {
    expect(failure(`${HEADER}a 0 ${number}\n`)).toMatch(
      /^t\.rep:5:5: SIZE ".+" is above 2\^64 - 1$/,
    );
    expect(failure(`${HEADER}f ${number}\n`)).toMatch(/^t\.rep:5:3: ID ".+" is above 2\^64 - 1$/);
  });

  it.each([
    ["t -1", "6:3: a thread is a number from 0 to 2^53 - 1"],
    ["t 9007199254740992", "6:3: a thread is a number from 0 to 2^53 - 1"],
    ["t", '6:2: THREAD is missing ("t THREAD")'],
    ["x", '6:2: THREAD is missing ("x THREAD")'],
    ["x 0\nf 0", "7:1: thread 0 calls after its exit"],
    ["t 3\nx 3\nf 0", "8:1: thread 3 calls after its exit"],
    ["x 3\nx 3", "7:3: thread 3 exits twice"],
    ["t 3\nx 3\nt 3\nx 3\nx 3", "10:3: thread 3 exits twice"],
    ["t 3 4", '6:5: "4" is left over: one operation a line, and # before a comment'],
  ])("of threads: %j", (lines, message) => {
    expect(failure(`${HEADER}a 0 1\n${lines}\n`)).toBe(`t.rep:${message}`);
  });
});

describe("a file that was cut", () => {
  const WHOLE = "0\n2\n4\n1\na 0 24\na 1 1234\nf 1\nf 0\n";

  it("in the middle of a line is told by the header", () => {
    const begin = WHOLE.indexOf("a 0");
    for (let end = begin + 1; end < WHOLE.length - 1; end++) {
      const text = WHOLE.slice(0, end);
      if (text.endsWith("\n")) continue;
      expect(failure(text), JSON.stringify(text)).toMatch(/cut short|is missing/);
    }
    expect(failure(WHOLE.slice(0, begin + 13))).toBe(
      "t.rep:6:7: the file is cut short: the last line has no newline, and the header counts 4 " +
        "operations, not 2",
    );
  });

  it("between two lines is noted", () => {
    expect(parse(WHOLE.slice(0, -4)).notes).toEqual([
      "the header counts 4 operations, and there are 3",
    ]);
  });

  it("is noted where the header cannot tell", () => {
    const notes = ["5: the last line has no newline: is it whole?"];
    expect(parse(WHOLE).notes).toEqual([]);
    expect(parse(WHOLE.slice(0, -1)).notes).toEqual([notes[0]!.replace("5", "8")]);
    expect(parse("0\n0\n0\n0\na 0 12").notes).toEqual(notes);
  });
});

describe("what is odd is noted", () => {
  it.each([
    ["0\n2\n1\n1\na 4 8\n", ["the header counts 2 ids, and there is an id 4"]],
    ["0\n1\n2\n1\na 0 8\n", ["the header counts 2 operations, and there are 1"]],
    [
      "a 7 8\na 7 8\nc 7 1 2\nf 7\n",
      ["2:1: id 7 and 1 more: a new block while one is live, which is forgotten"],
    ],
    ["a 0 8\nf 0\n f 0\n", ["3:2: id 0: no block to free: free(NULL)"]],
    ["f 0\nf -1\nr 5 0\nf 0x8\n", ["1:1: id 0 and 1 more: no block to free: free(NULL)"]],
  ])("%j", (text, notes) => {
    expect(parse(text).notes).toEqual(notes);
  });
});

describe("files of the malloc lab", () => {
  it("keep the last size where a line has none, as the lab's driver does", () => {
    const trace = parse("1\n3\n6\n1\na 0 24\na 1\nf 0\nr 1 100\na 2 \nr 2\n");
    expect(ops(trace)).toEqual([
      ["a", 1, 24n, 0n],
      ["a", 2, 24n, 0n],
      ["f", 1, 0n, 0n],
      ["r", 2, 100n, 0n],
      ["a", 3, 100n, 0n],
      ["r", 3, 100n, 0n],
    ]);
    expect(trace.notes).toEqual([
      '6:4: SIZE is missing ("a ID SIZE") and 2 more: the last one is taken, as the malloc lab\'s ' +
        "driver does",
    ]);
  });

  it.each([
    ["there is no size before", "1\n1\n2\n1\na 0\nf 0\n", "5:4"],
    ["the header counts other operations", "1\n2\n3\n1\na 0 8\na 1\n", "6:4"],
    ["the header counts other ids", "1\n3\n2\n1\na 0 8\na 1\n", "6:4"],
    ["there is no whole header", "2\n2\n1\na 0 8\na 1\n", "5:4"],
    ["the lab has no such line", "1\n2\n3\n1\na 0 8\na 1\nc 2 1 1\n", "6:4"],
    ["there are threads", "1\n2\n2\n1\na 0 8\nt 1\na 1\n", "7:4"],
    ["the last line has no newline", "1\n2\n2\n1\na 0 8\na 1", "6:4"],
  ])("but not where %s", (_, text, place) => {
    expect(failure(text)).toBe(`t.rep:${place}: SIZE is missing ("a ID SIZE")`);
  });
});

describe("threads", () => {
  it("notes whose turn it is, and who exits, in front of which operation", () => {
    const trace = parse(`${HEADER}a 0 1\nt 2\nf 0\na 0 2\nx 2\nt 0\nf 0\nx 0\n`);
    expect(trace.count).toBe(4);
    expect([...trace.turns.at]).toEqual([1, 3, 3, 4]);
    expect([...trace.turns.who]).toEqual([2, -3, 0, -1]);
  });

  it.each([4_194_304, 2 ** 31, 139_637_976_727_232, 2 ** 53 - 1])("may be thread %d", (number) => {
    const trace = parse(`${HEADER}t ${number}\na 0 1\nx ${number}\n`);
    expect([...trace.turns.who]).toEqual([number, -1 - number]);
  });

  it("lets a number come again after its exit", () => {
    const trace = parse(`${HEADER}t 2\na 0 1\nx 2\nt 2\nf 0\nx 2\n`);
    expect([...trace.turns.who]).toEqual([2, -3, 2, -3]);
  });

  it("notes the line of each operation", () => {
    const trace = parse(`${HEADER}a 0 1\n# nothing\nt 2\n\nf 0\n`);
    expect([...trace.lines]).toEqual([5, 9]);
  });

  it("has no turns in a trace of one thread", () => {
    expect(parse(`${HEADER}a 0 1\n`).turns.at).toHaveLength(0);
  });
});
