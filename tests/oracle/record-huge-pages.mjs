#!/usr/bin/env node
// Records what native malloc asks of the kernel where transparent huge pages are wanted: golden
// huge-pages.ABI.txt of a version. Needs strace, and a kernel that has them on request ("madvise"
// in /sys/kernel/mm/transparent_hugepage/enabled).
// Usage: node tests/oracle/record-huge-pages.mjs --glibc VERSION [--check]
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { goldenFolder } from "./glibc.mjs";
import { buildNative, launcherOf, OWN } from "./native.mjs";

const { values } = parseArgs({
  options: { glibc: { type: "string", default: OWN }, check: { type: "boolean", default: false } },
});
const { glibc } = values;

/** The stack of the program's thread, which is the C library's. */
const STACK_BYTES = "8388608";

/**
 * What a program asks of the kernel, a line a call: how far the break goes, and lengths.
 * @param {string} text what strace says
 */
function told(text) {
  const lines = text.slice(text.lastIndexOf("execve(")).split("\n");
  const calls = [];
  let end = 0n;
  for (const line of lines) {
    const [, now] = /brk\(.*= (0x\w+)/.exec(line) ?? [];
    if (now !== undefined) {
      if (end === 0n) calls.push(`start ${now}`);
      else if (BigInt(now) !== end) calls.push(`brk ${BigInt(now) - end}`);
      end = BigInt(now);
    }
    const [, lock] = /mprotect\(\w+, (\d+), PROT_READ\|PROT_WRITE\)/.exec(line) ?? [];
    if (lock !== undefined && lock !== STACK_BYTES) calls.push(`mprotect ${lock}`);
    const [, huge] = /madvise\(\w+, (\d+), MADV_HUGEPAGE\) = 0/.exec(line) ?? [];
    if (huge !== undefined) calls.push(`madvise ${huge}`);
    const [, from, to] = /mremap\(\w+, (\d+), (\d+), MREMAP_MAYMOVE\)/.exec(line) ?? [];
    if (to !== undefined) calls.push(`mremap ${from} ${to}`);
  }
  return calls.join("\n") + "\n";
}

for (const abi of ["lp64", "ilp32"]) {
  const program = buildNative("hugepages", abi, undefined, glibc);
  const launcher = launcherOf(program, glibc);
  if (launcher.length === 0) launcher.push("setarch", "-R");
  const strace = ["-f", "-e", "trace=execve,brk,madvise,mprotect,mremap"];
  const run = spawnSync("strace", [...strace, ...launcher, program], {
    encoding: "utf8",
    env: { ...process.env, GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" },
  });
  if (run.status !== 0) throw new Error(run.stderr || String(run.error));
  const text = told(run.stderr);
  const file = `${goldenFolder(glibc)}huge-pages.${abi}.txt`;
  if (!values.check) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) process.exitCode = 1;
  console.log(`${file}: ${text.split("\n").length - 1} calls`);
}
