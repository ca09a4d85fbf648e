// RLIMIT_FSIZE, as seen on Linux 6.18.44 with SIGXFSZ ignored.

import { describe, expect, it } from "vitest";
import { FileKind, Kit, O, PAGE, RLIMIT } from "./conformance/kit.js";
import type { ERRNO } from "./conformance/kit.js";

const LIMIT = 10;

describe.each(["ilp32", "lp64"] as const)("RLIMIT_FSIZE, %s", (abi) => {
  const limited = (size: number) => {
    const k = new Kit(abi);
    const file = k.file(size);
    const fd = k.open(file);
    k.lower(RLIMIT.FSIZE, LIMIT);
    const write = (count: number, at: number, buffer = k.scratch, to = fd) =>
      k.ok("pwrite64", to, buffer, count, ...k.position(at));
    const writeFails = (
      error: keyof typeof ERRNO,
      count: number,
      at: number,
      buffer = k.scratch,
      to = fd,
    ) => k.fails(error, "pwrite64", to, buffer, count, ...k.position(at));
    const truncate = (length: number) => k.m.call("ftruncate", fd, length);
    return { k, file, fd, write, writeFails, truncate };
  };

  it("cuts what crosses it and refuses what begins behind it, inside the file as well", () => {
    const { write, writeFails } = limited(2 * PAGE);
    expect(write(26, 0)).toBe(10);
    expect(write(1, 9)).toBe(1);
    expect(write(5, 9)).toBe(1);
    writeFails("EFBIG", 1, 10);
    expect(write(0, 100)).toBe(0);
  });

  it("comes before a bad buffer", () => {
    const { k, writeFails } = limited(0);
    const bad = k.map(1, 0);
    writeFails("EFBIG", 1, 100, bad);
    writeFails("EFAULT", 1, 1, bad);
  });

  it("holds for what is appended", () => {
    const { k, file, write, writeFails } = limited(8);
    const end = k.open(file, O.RDWR | O.APPEND);
    expect(write(5, 0, k.scratch, end)).toBe(2);
    writeFails("EFBIG", 1, 0, k.scratch, end);
    expect(file.bytes.length).toBe(10);
  });

  it("holds for ftruncate that makes a file longer, not for what is long already", () => {
    const { k, truncate } = limited(8192);
    const results = [8192, 8193, 4096, 5, 10, 11].map(truncate);
    expect(results).toEqual([0, -27, 0, 0, 0, -27]);
    expect(k.m.process.raw.check_kernel()).toBe(0);
  });

  it("does not hold for /dev/zero", () => {
    const { k, write } = limited(0);
    const zero = k.openNew(0, O.RDWR, FileKind.ZERO);
    expect(write(100, 100, k.scratch, zero)).toBe(100);
  });
});
