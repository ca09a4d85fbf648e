import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  abortMessages,
  BrokenInvariant,
  errorOf,
  failureName,
  HeapAbort,
} from "../../src/process/failures.js";
import type { Abi } from "../../src/layout/address.js";
import { Failure, Invariant } from "../../src/layout/generated.js";
import { describeNative, gccFlags } from "../support/native.js";

const ASSERTION = /^Fatal glibc error: malloc assertion failure in ([a-z_]+): (.+)$/;

describe("failure messages", () => {
  it("there is one for every check, and no two checks of malloc_printerr share one", () => {
    const checks = Object.keys(Failure).filter((name) => !name.startsWith("SEGV_"));
    expect(Object.keys(abortMessages).sort()).toEqual(checks.sort());
    // Two assertions stand in two places each, which other versions of glibc tell apart.
    const messages = Object.values(abortMessages).filter((message) => !ASSERTION.test(message));
    expect(new Set(messages).size).toBe(messages.length);
  });

  it("there are the 45 messages that 2.36's binaries hold, and one of 2.41's", () => {
    const printed = Object.values(abortMessages).filter((message) => !ASSERTION.test(message));
    expect(printed).toHaveLength(45 + 1);
  });

  it("names codes", () => {
    expect(failureName(Failure.FREE_TCACHE_DOUBLE)).toBe("FREE_TCACHE_DOUBLE");
    expect(failureName(0)).toBeUndefined();
    expect(failureName(9999)).toBeUndefined();
  });

  it("a HeapAbort carries message, code, name and the unsigned address", () => {
    const abort = new HeapAbort(Failure.FREE_TCACHE_DOUBLE, -16);
    expect(abort).toBeInstanceOf(Error);
    expect(abort.message).toBe("free(): double free detected in tcache 2");
    expect(abort.abortMessage).toBe(abort.message);
    expect(abort.code).toBe(Failure.FREE_TCACHE_DOUBLE);
    expect(abort.failure).toBe("FREE_TCACHE_DOUBLE");
    expect(abort.address).toBe(0xfffffff0);
    expect(abort.name).toBe("HeapAbort");
  });

  it("a segmentation fault says in which function and list, and where", () => {
    const names = Object.keys(Failure).filter((name) => name.startsWith("SEGV_"));
    const faults = names.map((name) => new HeapAbort(Failure[name as keyof typeof Failure], -16));
    expect(faults.map(({ failure }) => failure)).toEqual(names);
    for (const fault of faults) {
      expect(fault).toMatchObject({ abortMessage: "Segmentation fault", signal: "SIGSEGV" });
      expect(fault.message).toMatch(/^Segmentation fault: [a-z].* 0xfffffff0$/);
    }
    expect(new HeapAbort(Failure.FREE_SIZE, 0).signal).toBe("SIGABRT");
  });

  it("an access outside of the memory says which call it was, and keeps the engine's error", () => {
    const trap = new Error("memory access out of bounds");
    const fault = new HeapAbort(Failure.SEGV_ACCESS, 0, trap, "free");
    expect(fault.message).toBe("Segmentation fault: free(): memory access out of bounds");
    expect(fault.cause).toBe(trap);
  });

  it("refuses a code it does not know", () => {
    expect(() => new HeapAbort(9999, 0)).toThrow(/unknown here: 9999/);
    expect(() => errorOf(9999, 0)).toThrow(/unknown here: 9999/);
    expect(() => errorOf(Invariant.HOLDS, 0)).toThrow(/unknown here: 0/);
  });

  it("the checked build's invariants have an error of their own", () => {
    const error = errorOf(Invariant.FOOT, -16);
    expect(error).toBeInstanceOf(BrokenInvariant);
    expect(error).toMatchObject({ code: Invariant.FOOT, invariant: "FOOT", address: 0xfffffff0 });
    expect(error.message).toBe("heap invariant FOOT does not hold at 0xfffffff0");
    expect(errorOf(Failure.FREE_SIZE, 0)).toBeInstanceOf(HeapAbort);
  });

  it("no invariant has the number of a failure", () => {
    const failures: number[] = Object.values(Failure);
    expect(Object.values(Invariant).filter((code) => failures.includes(code))).toEqual([]);
  });
});

for (const abi of ["ilp32", "lp64"] as const satisfies Abi[]) {
  describeNative(`failure messages against native glibc, ${abi}`, abi, () => {
    it("every text is in the C library, letter for letter", () => {
      const path = execFileSync("gcc", [...gccFlags[abi], "-print-file-name=libc.so.6"]);
      const libc = readFileSync(path.toString().trim());
      // On i386 blocks are aligned to twice their header, and glibc aligns a break by itself there.
      // One message came with 2.41.
      const {
        ASSERT_BREAK_ALIGNED: lp64Only,
        FREE_SMALLBIN_LIST: later,
        ...common
      } = abortMessages;
      expect(later).toMatch(/smallbin/);
      const messages = Object.values(common).concat(abi === "lp64" ? [lp64Only] : []);
      const missing = messages.filter((message) => {
        const text = ASSERTION.exec(message)?.[2] ?? message;
        // The linker stores a string that ends another one inside it, so only the end is sure to be
        // a NUL.
        return !libc.includes(`${text}\0`);
      });
      expect(missing).toEqual([]);
    });
  });
}
