import { describe, expect, it } from "vitest";
import { formatSyscall, type SyscallRecord } from "../../src/kernel/strace/format.js";
import { straceName } from "../../src/kernel/syscall-names.js";
import { golden } from "./support/texts.js";

/**
 * The old i386 getrlimit, which the model's kernel does not have, but strace writes like the new
 * one.
 */
const OLD_GETRLIMIT = 76;

interface Recorded {
  record: SyscallRecord;
  text: string;
  address: number;
  bytes: Uint8Array;
}

function parse(line: string, abi: "ilp32" | "lp64"): Recorded {
  const [numbers = "", text = ""] = line.split("\t");
  const words = numbers.split(" ");
  const [nr = 0n, ...args] = words.slice(0, 7).map((word) => BigInt(`0x${word}`));
  const [address = "0", content = ""] = (words[8] ?? "").split(":");
  const number = Number(nr);
  const name = abi === "ilp32" && number === OLD_GETRLIMIT ? "getrlimit" : straceName(number, abi);
  return {
    record: { nr: number, name, args, result: BigInt(`0x${words[7]}`) },
    text,
    address: Number(`0x${address}`),
    bytes: Uint8Array.from(Buffer.from(content, "hex")),
  };
}

describe.each(["ilp32", "lp64"] as const)("lines of strace, %s", (abi) => {
  const calls = golden(`strace.${abi}`)
    .trimEnd()
    .split("\n")
    .map((line) => parse(line, abi));

  it("equal strace's own, for every recorded call", () => {
    const ours = calls.map(({ record, address, bytes }) =>
      formatSyscall(record, {
        abi,
        read: (at, length) => {
          const begin = at - address;
          return begin >= 0 && begin + length <= bytes.length
            ? bytes.subarray(begin, begin + length)
            : undefined;
        },
      }),
    );
    expect(ours).toEqual(calls.map(({ text }) => text));
  });

  it("the recording has every call, with successes and failures", () => {
    const names = new Set(calls.map(({ record }) => record.name));
    expect(names).toContain("brk");
    expect(names).toContain("pwrite64");
    expect(names.size).toBeGreaterThanOrEqual(22);
    expect(calls.length).toBeGreaterThan(3400);
    expect(calls.filter(({ text }) => !text.includes("= -1 ")).length).toBeGreaterThan(1000);
  });
});

it("a number that nobody knows", () => {
  const record = { nr: 999, name: undefined, args: [1n, 2n, 3n, 4n, 5n, 6n], result: -38n };
  const context = { abi: "lp64" as const, read: () => undefined };
  expect(formatSyscall(record, context)).toBe(
    "syscall_0x3e7(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)",
  );
});

it("another column", () => {
  const record = { nr: 12, name: "brk", args: [0n], result: 0x5000n };
  const context = { abi: "lp64" as const, read: () => undefined, column: 12 };
  expect(formatSyscall(record, context)).toBe("brk(NULL)   = 0x5000");
});
