import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import type { CliIo } from "../../src/cli/io.js";
import { section, table, terminalWidth, wrap, type Column } from "../../src/cli/tables.js";
import picocolors from "picocolors";

const PLAIN = picocolors.createColors(false);
const COLUMNS: Column[] = [
  { head: "name" },
  { head: "operations" },
  { head: "bytes" },
  { head: "median ns", priority: 1 },
  { head: "spread", priority: 2 },
  { head: "what it means", align: "left", wraps: true },
];
const ROWS = [
  ["bash", "466,593", "1,089,536", "24.2", "21.8 to 25.1", "the heap's bytes up to the break"],
  ["perl-words", "12", "36,184", "1,264", "999 to 2,110", "short"],
  ["漢字", "7", "1", "2", "3", ""],
];

function widest(text: string): number {
  return Math.max(...text.split("\n").map((line) => stringWidth(line)));
}

describe("a table", () => {
  it.each([40, 60, 80, 100, 200])("fits %d columns, and no number is broken", (width) => {
    const text = table({ columns: COLUMNS, rows: ROWS, width });
    expect(widest(text)).toBeLessThanOrEqual(width);
    for (const number of ["466,593", "1,089,536", "36,184"]) expect(text).toContain(number);
  });

  it("has everything where there is room, numbers to the right", () => {
    expect(table({ columns: COLUMNS, rows: ROWS, width: 100 }).split("\n")).toEqual([
      "name        operations      bytes  median ns        spread  what it means",
      "bash           466,593  1,089,536       24.2  21.8 to 25.1  the heap's bytes up to the break",
      "perl-words          12     36,184      1,264  999 to 2,110  short",
      "漢字                 7          1          2             3",
    ]);
  });

  it("wraps words first", () => {
    const text = table({ columns: COLUMNS, rows: ROWS, width: 80 });
    expect(text).not.toContain("left out");
    expect(text).toMatch(/the heap's bytes up\n +to the break$/m);
  });

  it("then leaves out columns by their priority, and says so", () => {
    const text = table({ columns: COLUMNS, rows: ROWS, width: 70 });
    expect(text).toContain("median ns");
    expect(text).not.toContain("21.8 to 25.1");
    expect(text).toMatch(/\nleft out for want of room: spread$/);
  });

  it("becomes a list where even that is too wide", () => {
    const columns = COLUMNS.map(({ head }) => ({ head: head! }));
    expect(table({ columns, rows: ROWS.slice(0, 1), width: 44 }).split("\n")).toEqual([
      "name: bash",
      "  operations: 466,593",
      "  bytes: 1,089,536",
      "  median ns: 24.2",
      "  spread: 21.8 to 25.1",
      "  what it means: the heap's bytes up to the",
      "  break",
    ]);
  });

  it("has no head where no column has one, and takes an indent", () => {
    const columns: Column[] = [{}, {}, { align: "left" }];
    const rows = [
      ["a", 1, "x"],
      ["bb", 22],
    ];
    expect(table({ columns, rows, width: 80, indent: "  " })).toBe("  a    1  x\n  bb  22");
    expect(table({ columns: COLUMNS, rows: [], width: 80 })).toMatch(/^name  operations/);
  });

  it("counts no colours as width", () => {
    const red = picocolors.createColors(true).red;
    const plain = table({ columns: COLUMNS, rows: ROWS, width: 90 });
    const rows = ROWS.map((row) => row.map((cell) => red(cell)));
    const colored = table({ columns: COLUMNS, rows, width: 90 });
    expect(colored.replace(/\u001b\[\d+m/g, "").split("\n").length).toBe(plain.split("\n").length);
    expect(widest(colored)).toBeLessThanOrEqual(90);
  });
});

describe("the terminal's width", () => {
  it.each([
    ["a terminal's", true, 132, undefined, 132],
    ["a terminal's, whatever COLUMNS says", true, 132, "80", 132],
    ["of a terminal that does not know", true, undefined, undefined, 100],
    ["of a pipe", false, undefined, undefined, 100],
    ["of a pipe with COLUMNS", false, undefined, "72", 72],
    ["not of a bad COLUMNS", false, undefined, "72x", 100],
    ["at least 40", true, 10, undefined, 40],
    ["at most 240", true, 5000, undefined, 240],
  ])("is %s", (_, isTTY, columns, env, width) => {
    const stdout = { write: () => true, isTTY, ...(columns && { columns }) };
    const io = { stdout, env: { COLUMNS: env } } as unknown as CliIo;
    expect(terminalWidth(io)).toBe(width);
  });
});

it("a heading's note goes below where there is no room beside", () => {
  expect(section("Time", "a note", PLAIN, 12)).toBe("Time  a note\n");
  expect(section("Time", "a note", PLAIN, 11)).toBe("Time\na note\n");
  expect(section("Time", "", PLAIN)).toBe("Time\n");
});

it("text wraps between words, and within one that is too long", () => {
  expect(wrap("one two three", 8)).toBe("one two\nthree");
  expect(wrap("x".repeat(10), 8)).toBe("xxxxxxxx\nxx");
});
