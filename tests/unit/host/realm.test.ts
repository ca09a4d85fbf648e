// What a host or another realm made is known by what it is like, never by its class.

import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { isTrap } from "../../../src/host/realm.js";

/** The error of a call of `unreachable`, by code that can run in any realm. */
const TRAP = `(() => {
  const bytes = Uint8Array.of(
    0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1,
    3, 0, 0, 11,
  );
  try {
    new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f();
  } catch (error) {
    return error;
  }
})()`;

describe("isTrap", () => {
  it("knows a trap of this realm and of another", () => {
    const foreign: unknown = runInNewContext(TRAP);
    expect(foreign).not.toBeInstanceOf(WebAssembly.RuntimeError);
    expect(isTrap(foreign)).toBe(true);
    expect(isTrap((0, eval)(TRAP))).toBe(true);
  });

  it("takes nothing else for one", () => {
    for (const other of [new RangeError("r"), { name: "RuntimeError" }, "RuntimeError", null]) {
      expect(isTrap(other)).toBe(false);
    }
    expect(isTrap(runInNewContext("new WebAssembly.LinkError('l')"))).toBe(false);
    expect(isTrap(runInNewContext("new Error('e')"))).toBe(false);
  });
});
