// Builds the explorer: a folder that any static host can serve, from wherever it likes.
//
//   node tools/build-explorer.mjs --out DIR        all of it: scripts, binaries, traces
//   node tools/build-explorer.mjs --out DIR --bare for the package, which has the rest itself
//
// It imports the package by its public names; the sources of this checkout stand for them.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { build } from "esbuild";
import { hashOf } from "../explorer/tours/links.mjs";
import { loadSource } from "./load-source.mjs";

import { ENTRIES } from "./entries.mjs";

/** @typedef {import("../explorer/tours/tour.ts").Tour} GuidedTour */
/** @typedef {import("../explorer/tours/tour.ts").LinkedStep} Linked */

const root = fileURLToPath(new URL("..", import.meta.url));

/** Versions of glibc that can be chosen, as their binaries are named. */
const VERSIONS = ["", "-2.41", "-2.43", "-2.44"];
/** Binaries by build. */
const BUILDS = ["full", "image"];

/**
 * The words of docs/glossary.md and their definitions, as text.
 * @returns {Record<string, string>}
 */
export function glossary() {
  const rows = readFileSync(join(root, "docs/glossary.md"), "utf8").matchAll(
    /^\| ([^|]+) \| ([^|]+) \|$/gm,
  );
  /** @type {Record<string, string>} */
  const words = {};
  for (const [, word = "", text = ""] of rows) {
    const plain = text.replace(/\[([^\]]+)\]\([^)]*\)/g, "$1").replaceAll("`", "");
    for (const one of word.replaceAll("`", "").split(/, /)) words[one.trim()] = plain.trim();
  }
  return words;
}

/** Leads the package's names to this checkout's sources. */
const sources = {
  name: "package-sources",
  /** @param {import("esbuild").PluginBuild} to */
  setup(to) {
    to.onResolve({ filter: /^ptmalloc-wasm(\/\w+)?$/ }, ({ path }) => {
      const name = path.split("/")[1] ?? "index";
      return { path: join(root, "src", `${name}.ts`), sideEffects: false };
    });
  },
};

/**
 * For the package itself: its names lead to its own files, which are served beside the explorer's
 * (src/cli/explore/files.ts), and the editor is one without a library. So little is there twice.
 */
const packaged = {
  name: "package-files",
  /** @param {import("esbuild").PluginBuild} to */
  setup(to) {
    to.onResolve({ filter: /^ptmalloc-wasm(\/\w+)?$/ }, ({ path }) => {
      const name = path.split("/")[1] ?? "index";
      const entry = ENTRIES.find((one) => one.replace(/\/index$/, "") === name) ?? name;
      return { path: `./package/${entry}.js`, external: true };
    });
    to.onResolve({ filter: /\/editor\.js$/ }, () => ({
      path: join(root, "explorer/parts/plain-editor.ts"),
    }));
  },
};

/** cli-table3's colours, which its tables are told not to use. */
const trimmed = {
  name: "trimmed-libraries",
  /** @param {import("esbuild").PluginBuild} to */
  setup(to) {
    to.onResolve({ filter: /^@colors\/colors\/safe$/ }, ({ path }) => ({
      path,
      namespace: "none",
    }));
    to.onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** @type {import("esbuild").BuildOptions} */
const COMMON = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  target: ["es2022", "chrome111", "firefox114", "safari16.4"],
  platform: "browser",
  jsx: "automatic",
  jsxImportSource: "preact",
  plugins: [sources, trimmed],
  legalComments: "none",
  logLevel: "warning",
};

/**
 * @param {string} out
 * @param {Record<string, string>} entryPoints
 * @param {import("esbuild").BuildOptions} more
 */
async function bundled(out, entryPoints, more = {}) {
  const { metafile } = await build({
    entryPoints,
    outdir: out,
    ...COMMON,
    format: "esm",
    define: { GLOSSARY_OF_DOCS: JSON.stringify(glossary()) },
    metafile: true,
    ...more,
  });
  return /** @type {import("esbuild").Metafile} */ (metafile);
}

/** Copies binaries and traces. @param {string} out the folder */
function copyData(out) {
  mkdirSync(join(out, "wasm"), { recursive: true });
  for (const name of BUILDS) {
    for (const version of VERSIONS) {
      for (const abi of ["ilp32", "lp64"]) {
        const file = `${name}${version}.${abi}.wasm`;
        cpSync(join(root, "build", file), join(out, "wasm", file));
      }
    }
  }
  mkdirSync(join(out, "traces"), { recursive: true });
  const names = [];
  for (const folder of ["traces", "traces/threads"]) {
    for (const file of readdirSync(join(root, folder)).sort()) {
      if (!file.endsWith(".rep.gz") || file.startsWith("syn")) continue;
      cpSync(join(root, folder, file), join(out, "traces", file));
      names.push(basename(file, ".rep.gz"));
    }
  }
  names.sort((a, b) => Number(b === "git-log") - Number(a === "git-log"));
  writeFileSync(join(out, "traces/index.json"), JSON.stringify(names));
}

/**
 * Builds it.
 * @param {string} out an absolute path; what is there goes
 * @param {boolean} isBare whether what the package has itself is left out
 * @returns {Promise<import("esbuild").Metafile>} what it was made of, for the licences
 */
export async function buildExplorer(out, isBare = false) {
  rmSync(out, { recursive: true, force: true });
  const metafile = await bundled(
    out,
    {
      "heap-explorer": "explorer/element.ts",
      main: "explorer/main.tsx",
      engine: "explorer/engine/worker.ts",
      style: "explorer/main.css",
    },
    { splitting: true, chunkNames: "part-[hash]", ...(isBare && { plugins: [packaged, trimmed] }) },
  );
  await buildSandbox(out);
  await writeTours(out);
  const page = readFileSync(join(root, "explorer/index.html"), "utf8");
  writeFileSync(join(out, "index.html"), page.replace(/>\s+</g, "><"));
  if (!isBare) copyData(out);
  return metafile;
}

/** Writes the tours, with a list of them. @param {string} out the folder */
async function writeTours(out) {
  const folder = join(root, "explorer/tours");
  const to = join(out, "tours");
  mkdirSync(to, { recursive: true });
  const { TOURS } = await loadSource("../explorer/tours/index.ts");
  const scenes = /** @type {readonly GuidedTour[]} */ (TOURS).map(({ steps, ...tour }) => ({
    ...tour,
    steps: steps.map((step) => {
      const { title, text, question, answer } = step;
      return { title, text, question, answer, link: hashOf(step) };
    }),
  }));
  const linked = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
  /** @type {readonly import("../explorer/tours/tour.ts").Tour<Linked>[]} */
  const tours = [...scenes, ...linked];
  for (const tour of tours) writeFileSync(join(to, `${tour.id}.json`), JSON.stringify(tour));
  const names = tours.map(({ id, title }) => ({ id, title }));
  writeFileSync(join(to, "index.json"), JSON.stringify(names));
}

/**
 * The sandbox: one file, which may load nothing, with the script of the worker inside.
 * @param {string} out the folder
 */
async function buildSandbox(out) {
  const script = async (
    /** @type {string} */ entry,
    /** @type {Record<string, string>} */ define,
  ) => {
    const { outputFiles } = await build({
      ...COMMON,
      entryPoints: [join(root, entry)],
      outfile: join(out, "script.js"),
      format: "iife",
      write: false,
      define,
    });
    return (outputFiles?.[0]?.text ?? "").trim();
  };
  const runtime = await script("explorer/playground/runtime.ts", {
    "import.meta.url": '"http://localhost/"',
  });
  const frame = await script("explorer/playground/frame.ts", { RUNTIME: JSON.stringify(runtime) });
  const safe = frame.replace(/<\/script/gi, "<\\/script");
  const policy =
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:";
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
  const head = `<!doctype html><meta charset="utf-8">${meta}<title>sandbox</title>`;
  writeFileSync(join(out, "sandbox.html"), `${head}<script>${safe}</script>`);
}

/** @param {string} folder @returns {string[]} its files, relative */
function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll("\\", "/"))
    .sort();
}

/**
 * Builds the explorer without data and packs it into one file (src/cli/explore/files.ts reads it).
 * @param {string} folder for the files themselves
 * @param {string} to the archive
 * @returns {Promise<{ moduleIds: string[] }>} what it was made of, for the licences
 */
export async function archiveExplorer(folder, to) {
  const { inputs } = await buildExplorer(folder, true);
  const files = filesOf(folder).map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
  const head = JSON.stringify(files.map(({ name, bytes }) => [name, bytes.length]));
  const whole = Buffer.concat([Buffer.from(`${head}\n`), ...files.map(({ bytes }) => bytes)]);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: whole.length,
  };
  writeFileSync(to, brotliCompressSync(whole, { params }));
  return { moduleIds: Object.keys(inputs).map((path) => join(root, path)) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const program = new Command("build-explorer")
    .requiredOption("--out <folder>", "where to")
    .option("--bare", "without what the package has itself")
    .action(async ({ out, bare }) => {
      await buildExplorer(resolve(out), bare === true);
    });
  await program.parseAsync();
}
