import { describe, expect, it } from "vitest";
import { BrokenInvariant, errorOf, HeapAbort } from "../../src/process/failures.js";
import { Fate } from "../../src/process/fate.js";
import { startProcessSync } from "../../src/process/process.js";
import { SharedFate } from "../../src/process/threads/shared-fate.js";
import { processAborted, ThreadError } from "../../src/process/threads/error.js";
import { Failure, Invariant, layouts, LockFailure } from "../../src/layout/generated.js";

describe("the fate of a process", () => {
  it("is what a check found", () => {
    const fate = new Fate();
    expect(fate.end).toBeUndefined();
    expect(() => fate.fail(Failure.FREE_POINTER, -16)).toThrow(HeapAbort);
    expect(fate.end).toMatchObject({ failure: "FREE_POINTER", address: 0xfffffff0 });
    // There is nobody to tell.
    fate.trapped(new Error("trap"), "free");
  });

  it("is what the checker found, in builds that have one", () => {
    const fate = new Fate(errorOf);
    expect(() => fate.fail(Invariant.FOOT, 16)).toThrow(BrokenInvariant);
    expect(fate.end).toMatchObject({ invariant: "FOOT" });
  });

  it("may come before a thread shares it", () => {
    const fate = new SharedFate();
    expect(fate.end).toBeUndefined();
    expect(fate.trapped(new Error("out"), "free")).toMatchObject({ failure: "SEGV_ACCESS" });
    expect(() => fate.fail(Failure.FREE_POINTER, 16)).toThrow(HeapAbort);
    expect(() => fate.fail(LockFailure.LOCK_HELD, 16)).toThrow("a lock without threads at 16");
  });

  it("is told to all threads, the first one", () => {
    const process = startProcessSync({ build: "threads", patience: 5 });
    const { abortCode } = layouts.ilp32.SharedState.fields;
    const code = () => process.view().getInt32(process.raw.shared_state() + abortCode.offset, true);
    const [fate, other] = [new SharedFate(), new SharedFate()];
    fate.bind(process.memory, process.raw, process.structs);
    other.bind(process.memory, process.raw, process.structs);
    expect([code(), other.end]).toEqual([0, undefined]);
    expect(() => fate.fail(LockFailure.KERNEL_LOST, 0)).toThrow(ThreadError);
    expect(fate.end).toMatchObject({ reason: "kernel-lost" });
    expect(code()).toBe(LockFailure.KERNEL_LOST);
    fate.trapped(new Error("trap"), "free");
    expect(other.end).toMatchObject({
      reason: "process-aborted",
      endedBy: LockFailure.KERNEL_LOST,
    });
    expect(process.aborted?.message).toContain("KERNEL_LOST");
  });

  it("names the lock that was held", () => {
    const process = startProcessSync({ build: "threads", patience: 5, abi: "lp64" });
    const fate = new SharedFate();
    fate.bind(process.memory, process.raw, process.structs);
    const lock = process.base + 4096;
    process.view().setUint32(lock, 0x80000000 + 8, true);
    expect(() => fate.fail(LockFailure.LOCK_HELD, lock)).toThrow(
      "the arena at 0x11000 (lock at 0x11000) was not free within 5 ms, held by thread 7: " +
        "if that thread runs no more, its death must be reported with threadExited(7)",
    );
    // This thread holds no lock itself: nothing is half done.
    expect(fate.end).toBeUndefined();
    process.view().setUint32(lock, 0, true);
    expect(() => fate.fail(LockFailure.LOCK_HELD, lock)).toThrow(
      'held by a thread that has let go of it since: give threads more time with the option "patience"',
    );
  });

  it.each(["main_arena", "mm_struct", "shared_state"] as const)(
    "a thread that gives up inside another lock ends the process: %s",
    (place) => {
      const process = startProcessSync({ build: "threads" });
      const fate = new SharedFate();
      fate.bind(process.memory, process.raw, process.structs);
      fate.threads.add(3);
      const offset = place === "mm_struct" ? layouts.ilp32.MmStruct.fields.mmapLock.offset : 0;
      process.view().setInt32(process.raw[place]() + offset, 4, true);
      const wanted = process.base + 4096;
      process.view().setInt32(wanted, 8, true);
      expect(() => fate.fail(LockFailure.LOCK_HELD, wanted)).toThrow(ThreadError);
      expect(fate.end).toMatchObject({ reason: "lock-held", lock: { address: wanted, owner: 7 } });
      expect(process.aborted).toMatchObject({ endedBy: LockFailure.LOCK_HELD });
    },
  );

  it.each([
    [Failure.FREE_TCACHE_DOUBLE, '"free(): double free detected in tcache 2"'],
    [Invariant.CHUNK_SIZE, "CHUNK_SIZE"],
    [LockFailure.LOCK_HELD, "LOCK_HELD"],
    [-1, "a wild access trapped inside it"],
    [12345, "code 12345"],
  ])("another thread's end: %s", (code, text) => {
    expect(processAborted(code).message).toBe(`another thread's call ended the process: ${text}`);
  });
});
