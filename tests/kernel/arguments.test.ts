/** Arguments from JavaScript that no system call can take: WebAssembly would take them for 0. */
import { describe, expect, it } from "vitest";
import { startKernel } from "../../src/kernel.js";
import type { Abi } from "../../src/layout/address.js";

describe("what is no number", () => {
  it.each(["ilp32", "lp64"] as const)("is refused by every call, in %s", async (abi) => {
    const kernel = await startKernel<Abi>({ abi });
    for (const wrong of [NaN, 1.5, Infinity, "4096", null] as number[]) {
      expect(() => kernel.munmap(0x10000, wrong)).toThrow(TypeError);
      expect(() => kernel.syscall(wrong)).toThrow(/system call/);
    }
    expect(() => kernel.mmap(NaN, 4096)).toThrow("a system call takes whole numbers, got NaN");
    expect(() => kernel.mprotect(0, 4096, "PROT_READ" as never)).toThrow(TypeError);
    expect(() => kernel.brk(NaN)).toThrow(TypeError);
    expect(() => kernel.syscall("brk", NaN)).toThrow(TypeError);
    expect(() => kernel.setOption("FOO" as never, 1)).toThrow(
      /^there is no kernel option "FOO" \(there are OVERCOMMIT_MEMORY, /,
    );
    expect(() => kernel.setOption("OVERCOMMIT_MEMORY", NaN)).toThrow(
      "kernel option OVERCOMMIT_MEMORY must be an integer, got NaN",
    );
  });
});
