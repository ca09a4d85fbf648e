// Builds the C programs beside this file and runs them: the native side of every comparison.
// Needs gcc (with gcc-multilib for ilp32) on a machine whose glibc is 2.36; other versions come
// from glibc.mjs's cache.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ABIS } from "./abis.mjs";
import { assertGlibc, minorOf, OWN, packageOf, placeOf } from "./glibc.mjs";

export { ABIS };
export { hasGlibc, OWN } from "./glibc.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * How a program is linked with a glibc older than the machine's headers' symbols: 2.34 and later
 * have what the machine's own library names its functions.
 * @param {string} glibc
 * @param {string} abi
 * @returns {string[]} gcc's arguments behind the source
 */
function linkingOf(glibc, abi) {
  if (minorOf(glibc) >= 34) return [];
  const { root, libraries, loader } = placeOf(glibc, abi);
  // Where libc6-dev has what every program begins with.
  const folder = libraries.replace(root, `${root}/usr`);
  const shared = ["libc.so.6", "libpthread.so.0"].map((name) => `${libraries}/${name}`);
  const all = [...shared, loader, `${folder}/libc_nonshared.a`, "-lgcc"];
  return [`-B${folder}`, "-nodefaultlibs", ...all];
}

/**
 * Compiles native/NAME.c for a layout into build/oracle.
 * @param {string} name
 * @param {string} abi "ilp32" or "lp64"
 * @param {string} [folder] where the source is, from the project's root
 * @param {string} [glibc] the version that it is to run under
 * @returns {string} the program's path
 */
export function buildNative(name, abi, folder = "tests/oracle/native", glibc = OWN) {
  assertGlibc(glibc, abi);
  mkdirSync(`${root}build/oracle`, { recursive: true });
  const program = `${root}build/oracle/${name}${glibc === OWN ? "" : `-${glibc}`}.${abi}`;
  const flags = [
    "-std=gnu11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Wno-deprecated-declarations",
    "-fno-builtin",
    `-DGLIBC_MINOR=${minorOf(glibc)}`,
  ];
  const width = abi === "ilp32" ? ["-m32"] : [];
  const source = `${root}${folder}/${name}.c`;
  const all = [...flags, ...width, "-o", program, source, ...linkingOf(glibc, abi)];
  execFileSync("gcc", all, { stdio: ["ignore", "inherit", "inherit"] });
  return program;
}

/** @type {boolean | undefined} */
let runs32;

/** Whether a program has 32-bit words. @param {string} program */
const isNarrow = (program) => readFileSync(program)[4] !== 2;

/**
 * What a native program is started with. Some kernels have no emulation of 32-bit programs; there
 * qemu-i386 (Debian: qemu-user) runs them, with the same glibc. Neither it nor the loader of
 * another glibc can start a program again without address randomisation, so that is done in front
 * of them.
 * @param {string} program
 * @param {string} [glibc] the version to run it under
 * @returns {string[]} what stands in front of the program; nothing as a rule
 */
export function launcherOf(program, glibc = OWN) {
  const narrow = isNarrow(program);
  // Where the kernel refuses a program, spawn has it read by a shell, as a script; exec does not.
  if (narrow)
    runs32 ??= spawnSync("bash", ["-c", "exec /lib/ld-linux.so.2 --version"]).status === 0;
  const emulator = narrow && !runs32 ? ["qemu-i386"] : [];
  if (glibc === OWN) return emulator.length ? ["setarch", "-R", ...emulator] : [];
  const { loader, libraries } = placeOf(glibc, narrow ? "ilp32" : "lp64");
  return ["setarch", "-R", ...emulator, loader, "--library-path", libraries];
}

/**
 * Runs a native program with only the tunables in its environment: that of 2.31 differs by whether
 * there are any.
 * @param {string} program
 * @param {string[]} args
 * @param {string} input its standard input
 * @param {string} tunables GLIBC_TUNABLES, "" for none
 * @param {string} [glibc] the version that it was built for
 * @returns {string} its standard output
 * @throws {Error} with its standard error where it fails
 */
export function runNative(program, args, input, tunables, glibc = OWN) {
  const [command = program, ...front] = [...launcherOf(program, glibc), program];
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
 * @param {string} [glibc] the version that programs ran under
 */
export function machine(glibc = OWN) {
  const say = (/** @type {string} */ command) => {
    const run = spawnSync("sh", ["-c", command], { encoding: "utf8" });
    return run.status === 0 ? run.stdout.trim().replaceAll("\n", " ") : "unknown";
  };
  const own = [
    `libc6: ${say("dpkg-query -W -f '${Version}' libc6")}`,
    `libc6-i386: ${say("dpkg-query -W -f '${Version}' libc6-i386")}`,
  ];
  const fetched = () => ABIS.map((abi) => `libc6: ${packageOf(glibc, abi)}`);
  return [
    `kernel: ${say("uname -r | sed 's/-.*//'")}`,
    ...(glibc === OWN ? own : fetched()),
    `gcc: ${say("gcc -dumpfullversion")}`,
    `transparent_hugepage: ${say("cat /sys/kernel/mm/transparent_hugepage/enabled")}`,
    `hpage_pmd_size: ${say("cat /sys/kernel/mm/transparent_hugepage/hpage_pmd_size")}`,
    `Hugepagesize: ${say("sed -n 's/^Hugepagesize: *//p' /proc/meminfo")}`,
    `nr_hugepages: ${say("cat /proc/sys/vm/nr_hugepages")}`,
    `overcommit_memory: ${say("cat /proc/sys/vm/overcommit_memory")}`,
    ...(glibc === OWN ? [] : [`i386 run by: ${runs32 === false ? "qemu-i386" : "the kernel"}`]),
    "",
  ].join("\n");
}
