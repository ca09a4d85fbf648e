// Brings binaries into build/: from the cache what was compiled before, the rest from asc, in as
// many processes as the machine has processors. One line for each binary says what became of it.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WasmCache, keyOf, writeAtomically } from "./wasm-cache.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where compiled binaries are kept. */
export const cacheFolder = join(root, "build/.cache");

/** What asc says of its own optimiser when all is well. */
const NOISE = /^Last converge was suboptimal\.\r?\n/gm;

/** @typedef {import("./builds.mjs").Compilation} Compilation */
/** @typedef {import("./wasm-cache.mjs").Entry} Entry */

/** Runs asc. @returns {Promise<Entry>} @throws {Error} when asc fails, with what it said */
async function compile({ name, entry, options }, signal, text) {
  const scratch = mkdtempSync(join(tmpdir(), "ptmalloc-wasm-"));
  const layoutFile = join(scratch, "layout.json");
  const wasmFile = join(scratch, "out.wasm");
  const args = [
    join(root, "node_modules/assemblyscript/bin/asc.js"),
    ...[entry, ...options, "--outFile", wasmFile],
    ...(text ? ["--textFile", `build/${name}.wat`] : []),
  ];
  try {
    const { code, output } = await run(
      args,
      { ...process.env, PTMALLOC_LAYOUT_OUT: layoutFile },
      signal,
    );
    if (code !== 0) throw new Error(`asc failed for ${name}:\n${output}`);
    process.stderr.write(output);
    const layout = options.some((option) => option.endsWith("layout-transform.mjs"))
      ? JSON.parse(readFileSync(layoutFile, "utf8"))
      : null;
    return { wasm: readFileSync(wasmFile), layout };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Runs Node.
 * @returns {Promise<{ code: number | null, output: string }>} with all that it printed but noise
 */
function run(args, env, signal) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env,
      signal,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output: output.replace(NOISE, "") }));
  });
}

/** Puts a binary into build/, unless it is there. */
function place(name, wasm) {
  const file = join(root, "build", `${name}.wasm`);
  try {
    if (readFileSync(file).equals(wasm)) return;
  } catch {
    // There is none yet.
  }
  writeAtomically(file, wasm);
}

/**
 * Brings binaries into build/.
 * @param {readonly Compilation[]} compilations
 * @param {object} [settings]
 * @param {boolean} [settings.text] also write build/NAME.wat; asc runs for all of them then
 * @param {boolean} [settings.fresh] run asc for all of them
 * @param {boolean} [settings.quiet] say nothing of what comes from the cache
 * @param {(line: string) => void} [settings.log]
 * @returns {Promise<Map<string, Entry>>} by name, in the order given
 * @throws {Error} what asc says of the first that fails; the others are given up
 */
export async function compileAll(compilations, settings = {}) {
  const { text = false, fresh = false, quiet = false, log = console.log } = settings;
  const cache = new WasmCache(cacheFolder);
  const width = Math.max(...compilations.map(({ name }) => name.length)) + ".wasm".length;
  const tell = (name, wasm, how) => {
    const bytes = wasm.length.toLocaleString("en-US").padStart(8);
    log(`${`${name}.wasm`.padEnd(width)} ${bytes} bytes  ${how}`);
  };
  const entries = new Map(compilations.map(({ name }) => [name, null]));
  const keys = new Map(compilations.map((one) => [one.name, keyOf(root, one)]));
  for (const { name } of compilations) {
    const known = fresh || text ? null : cache.read(name, keys.get(name));
    if (known === null) continue;
    entries.set(name, known);
    place(name, known.wasm);
    if (!quiet) tell(name, known.wasm, "cached");
  }
  // The largest, which are the last, take longest: they begin.
  const todo = compilations.filter(({ name }) => entries.get(name) === null).reverse();
  const stop = new AbortController();
  const worker = async () => {
    for (let one = todo.shift(); one !== undefined; one = todo.shift()) {
      const begin = performance.now();
      const entry = await compile(one, stop.signal, text);
      entries.set(one.name, entry);
      place(one.name, entry.wasm);
      // Sources may change while asc reads them.
      if (keyOf(root, one) === keys.get(one.name)) cache.write(one.name, keys.get(one.name), entry);
      tell(one.name, entry.wasm, `${((performance.now() - begin) / 1000).toFixed(1)} s`);
    }
  };
  try {
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
  } finally {
    stop.abort();
  }
  return entries;
}
