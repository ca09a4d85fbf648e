// Heap scripts as files: a *.script file holds cases, each `== name`, then its header comments and
// statements. Plain JavaScript, so that the recorder runs without a build and the tests import the
// same code.

/**
 * One script: what one fresh process runs.
 * @typedef {object} ScriptCase
 * @property {string} name unique within its file
 * @property {string} tunables GLIBC_TUNABLES of the process, "" for none (`# tunables: …`)
 * @property {string} abi the only layout it is for, "" for both (`# abi: lp64`)
 * @property {string} glibc the only versions that it is for, "" for all: `2.41`, `2.43-` (and
 *   later), `-2.41` (and earlier), `2.36-2.41` (`# glibc: 2.43-`)
 * @property {string} needs what an implementation must offer to run it, "" for nothing
 *   (`# needs: malloc_info`)
 * @property {boolean} isKernels whether an emulator's kernel would do otherwise
 *   (`# emulator: no`): without a recording in other versions where i386 programs run in one
 * @property {string} body the statements with their comments, ending in a newline
 */

/**
 * The value of a `# NAME: VALUE` comment, "" without one.
 * @param {string} body
 * @param {string} name
 * @returns {string}
 */
function header(body, name) {
  return new RegExp(`^# ${name}: *(.*?) *$`, "m").exec(body)?.[1] ?? "";
}

/**
 * Splits a script file (or a file of outputs, which has the same `== name` lines) into its cases.
 * @param {string} text
 * @returns {ScriptCase[]} in the file's order
 * @throws {Error} where a name comes twice
 */
export function parseCases(text) {
  const cases = [];
  const seen = new Set();
  for (const part of text.split(/^== /m).slice(1)) {
    const end = part.indexOf("\n");
    const name = part.slice(0, end).trim();
    const body = part.slice(end + 1);
    if (seen.has(name)) throw new Error(`two cases are called "${name}"`);
    seen.add(name);
    cases.push({
      name,
      tunables: header(body, "tunables"),
      abi: header(body, "abi"),
      glibc: header(body, "glibc"),
      needs: header(body, "needs"),
      isKernels: header(body, "emulator") === "no",
      body,
    });
  }
  return cases;
}

/** @param {string} version such as `2.41` @returns {number} 41 */
const minor = (version) => Number(version.split(".")[1]);

/**
 * Whether a case is for a layout and a version of glibc.
 * @param {ScriptCase} one
 * @param {string} abi
 * @param {string} [glibc]
 * @returns {boolean}
 */
export function appliesTo(one, abi, glibc = "2.36") {
  if (one.abi && one.abi !== abi) return false;
  const [from = "", to = from] = one.glibc.split("-");
  return (!from || minor(glibc) >= minor(from)) && (!to || minor(glibc) <= minor(to));
}
