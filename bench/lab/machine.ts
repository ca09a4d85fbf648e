// Which machine the numbers are from.

import { spawnSync } from "node:child_process";
import { cpus, release, totalmem, type } from "node:os";

/** What a result file says about where it comes from. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly v8: string;
  readonly gcc: string | null;
  readonly glibc: string | null;
  readonly assemblyscript: string;
}

/** @returns this machine */
export function thisMachine(assemblyscript: string): Machine {
  const processors = cpus();
  return {
    cpu: (processors[0]?.model ?? "unknown").trim(),
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    gcc: firstLine("gcc", "--version"),
    glibc: firstLine("getconf", "GNU_LIBC_VERSION"),
    assemblyscript,
  };
}

/** @returns the machine in one line */
export function machineLine(machine: Machine): string {
  const { cpu, cores, memoryGiB, kernel, node, v8, gcc, glibc, assemblyscript } = machine;
  const native = gcc === null ? "no gcc" : `${gcc}, ${glibc ?? "unknown libc"}`;
  return (
    `${cpu}, ${cores} cores, ${memoryGiB} GiB; ${kernel}; Node ${node} (V8 ${v8}); ` +
    `AssemblyScript ${assemblyscript}; ${native}`
  );
}

function firstLine(command: string, argument: string): string | null {
  const run = spawnSync(command, [argument], { encoding: "utf8" });
  return run.status === 0 ? (run.stdout.split("\n")[0] ?? "").trim() : null;
}
