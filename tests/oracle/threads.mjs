// The native side of traces of several threads: native/threads.c with its options.
import { buildNative, OWN, runNative } from "./native.mjs";

/**
 * How a trace runs.
 * @typedef {object} ThreadSettings
 * @property {string} tunables as in GLIBC_TUNABLES, "" for none
 * @property {number} cores processors that glibc counts
 * @property {readonly (readonly [number, number])[]} mallopts calls of mallopt before the first
 *   operation
 * @property {string} [glibc] the version to run under, if another than the machine's own
 */

/**
 * Runs a trace natively.
 * @param {string} abi
 * @param {string} trace its text
 * @param {ThreadSettings} settings
 * @param {number} sample which operations to log: those whose index is a multiple
 * @returns {string} the log, its hash, the reports
 */
export function runThreadsNatively(abi, trace, settings, sample = 1) {
  const { glibc = OWN } = settings;
  const program = programOf(abi, glibc);
  const mallopts = settings.mallopts.flatMap(([param, value]) => [
    "--mallopt",
    `${param}=${value}`,
  ]);
  const args = [
    "--hash",
    "--sample",
    `${sample}`,
    "--cores",
    `${settings.cores}`,
    ...mallopts,
    "-",
  ];
  return runNative(program, args, trace, settings.tunables, glibc);
}

/** @type {Map<string, string>} */
const programs = new Map();

/** @param {string} abi @param {string} glibc */
function programOf(abi, glibc) {
  const key = `${abi} ${glibc}`;
  const known = programs.get(key) ?? buildNative("threads", abi, undefined, glibc);
  programs.set(key, known);
  return known;
}
