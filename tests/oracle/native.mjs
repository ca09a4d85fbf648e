// Builds the C programs beside this file and runs them: the native side of every comparison.
// Needs gcc (with gcc-multilib for ilp32) on a machine whose glibc is 2.36.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ABIS = /** @type {const} */ (["ilp32", "lp64"]);

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Compiles native/NAME.c for a layout into build/oracle.
 * @param {string} name
 * @param {string} abi "ilp32" or "lp64"
 * @param {string} [folder] where the source is, from the project's root
 * @returns {string} the program's path
 */
export function buildNative(name, abi, folder = "tests/oracle/native") {
  mkdirSync(`${root}build/oracle`, { recursive: true });
  const program = `${root}build/oracle/${name}.${abi}`;
  const flags = [
    "-std=gnu11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Wno-deprecated-declarations",
    "-fno-builtin",
  ];
  const width = abi === "ilp32" ? ["-m32"] : [];
  execFileSync("gcc", [...flags, ...width, "-o", program, `${root}${folder}/${name}.c`], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return program;
}

/** @type {boolean | undefined} */
let runs32;

/**
 * What a native program is started with. Some kernels have no emulation of 32-bit programs; there
 * qemu-i386 (Debian: qemu-user) runs them, with the same glibc. It cannot start a program again
 * without address randomisation, so that is done in front of it.
 * @param {string} program
 * @returns {string[]} what stands in front of the program; nothing as a rule
 */
export function launcherOf(program) {
  const isWide = readFileSync(program)[4] === 2;
  if (isWide) return [];
  // Where the kernel refuses a program, spawn has it read by a shell, as a script; exec does not.
  runs32 ??= spawnSync("bash", ["-c", "exec /lib/ld-linux.so.2 --version"]).status === 0;
  return runs32 ? [] : ["setarch", "-R", "qemu-i386"];
}

/**
 * Runs a native program with only the tunables in its environment.
 * @param {string} program
 * @param {string[]} args
 * @param {string} input its standard input
 * @param {string} tunables GLIBC_TUNABLES, "" for none
 * @returns {string} its standard output
 * @throws {Error} with its standard error where it fails
 */
export function runNative(program, args, input, tunables) {
  const [command = program, ...front] = [...launcherOf(program), program];
  const env = {
    ...(tunables && { GLIBC_TUNABLES: tunables }),
    ...(command !== program && { PATH: process.env["PATH"] }),
  };
  const all = [...front, ...args];
  const run = spawnSync(command, all, { input, env, encoding: "utf8", maxBuffer: 1 << 28 });
  if (run.status !== 0)
    throw new Error(`${program} failed: ${run.stderr || String(run.error ?? run.signal)}`);
  return run.stdout;
}

/**
 * Kernel, glibc package and huge page settings that a recording depends on, one `name: value` a
 * line.
 */
export function machine() {
  const say = (/** @type {string} */ command) => {
    const run = spawnSync("sh", ["-c", command], { encoding: "utf8" });
    return run.status === 0 ? run.stdout.trim().replaceAll("\n", " ") : "unknown";
  };
  return [
    `kernel: ${say("uname -r | sed 's/-.*//'")}`,
    `libc6: ${say("dpkg-query -W -f '${Version}' libc6")}`,
    `libc6-i386: ${say("dpkg-query -W -f '${Version}' libc6-i386")}`,
    `gcc: ${say("gcc -dumpfullversion")}`,
    `transparent_hugepage: ${say("cat /sys/kernel/mm/transparent_hugepage/enabled")}`,
    `hpage_pmd_size: ${say("cat /sys/kernel/mm/transparent_hugepage/hpage_pmd_size")}`,
    `Hugepagesize: ${say("sed -n 's/^Hugepagesize: *//p' /proc/meminfo")}`,
    `nr_hugepages: ${say("cat /proc/sys/vm/nr_hugepages")}`,
    `overcommit_memory: ${say("cat /proc/sys/vm/overcommit_memory")}`,
    "",
  ].join("\n");
}
