import { describe, expect, it } from "vitest";
import { OpKind, layouts } from "../../src/layout/generated.js";
import { encodeOps } from "../../src/trace/encode.js";
import { parseTrace } from "../../src/trace/parse.js";

const TEXT =
  "0\n9\n9\n1\na 0 24\nc 1 3 8\nm 2 4294967296 100\nr 0 18446744073709551615\nf 1\nf -1\n";
const trace = parseTrace(new TextEncoder().encode(TEXT), "t");

/** Reads the packed operations back. */
function decode(abi: "ilp32" | "lp64"): [number, bigint, bigint][] {
  const bytes = encodeOps(trace, abi, layouts[abi].Op);
  const view = new DataView(bytes.buffer);
  const { fields, size } = layouts[abi].Op;
  expect(bytes.length).toBe(trace.count * size);
  const word = (at: number) =>
    abi === "lp64" ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true));
  return Array.from({ length: trace.count }, (_, i) => [
    view.getUint32(i * size + fields.idKind.offset, true),
    word(i * size + fields.x.offset),
    word(i * size + fields.y.offset),
  ]);
}

describe("encodeOps", () => {
  it("packs slot, kind and arguments; lp64 keeps 64 bits", () => {
    expect(decode("lp64")).toEqual([
      [8 + OpKind.MALLOC, 24n, 0n],
      [16 + OpKind.CALLOC, 3n, 8n],
      [24 + OpKind.MEMALIGN, 2n ** 32n, 100n],
      [8 + OpKind.REALLOC, 2n ** 64n - 1n, 0n],
      [16 + OpKind.FREE, 0n, 0n],
      [OpKind.FREE, 0n, 0n],
    ]);
  });

  it("cuts to SIZE_MAX in ilp32", () => {
    expect(decode("ilp32").map((op) => op[1])).toEqual([
      24n,
      3n,
      2n ** 32n - 1n,
      2n ** 32n - 1n,
      0n,
      0n,
    ]);
  });
});
