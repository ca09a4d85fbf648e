// Makes dist/: one JavaScript file and one file of types for each entry of the package.
//
// What several entries need exists once, so that a class is the same class for all of them: what
// the default entry needs lies in its own file, dist/index.js, and the others import it from there
// (under short names that its types do not list); the rest is in dist/files.js and dist/loader.js.
// The command line is dist/cli/, with the libraries that it needs bundled, so an installation
// brings no other package; their licences are put into dist/THIRD-PARTY-LICENSES.txt. The page that
// `bench` fills with its results is there, too, and so is the explorer, in one archive.
//
//   node tools/build-dist.mjs        after the binaries: two of them are put into the code, as text

import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import commonjs from "@rollup/plugin-commonjs";
import nodeResolve from "@rollup/plugin-node-resolve";
import { rollup } from "rollup";

import { buildPage } from "./build-page.mjs";
import { archiveExplorer } from "./build-explorer.mjs";
import { ENTRIES, entrySource } from "./entries.mjs";
import { licenceTexts } from "./licences.mjs";
import {
  inlineBinaries,
  loaderWithoutGlobals,
  minified,
  moved,
  trimmedLibraries,
  typescript,
  withoutSideEffects,
} from "./dist-plugins.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const src = `${root}src/`;
const dist = `${root}dist/`;

/** The command line: its own file, and its workers'. */
const COMMAND = { "cli/main": "cli/main", "cli/replay-worker": "cli/replay/worker" };

/** What the default entry does not need, and the file that it goes to. */
const PLACES = [
  [/\/@assemblyscript\/loader\/|\/src\/binary\/loader\.ts$/, "loader"],
  [/\/src\/kernel\/(files\/|errno\.|flags\.)/, "files"],
  [/\/src\/inspect\/place\.ts$/, "debug/index"],
  [/\/src\/cli\/replay\/garbage/, "cli/shared"],
  [/\/src\/trace(\/|\.ts$)/, "trace"],
  [/\/src\/base\/(user-error|format)\.ts$/, "inspect/index"],
  // The shell works in pages, and its tables need these.
  [
    /\/src\/shell(\/|\.ts$)|\/node_modules\/(cli-table3|(string-width|wrap-ansi|strip-ansi|ansi-\w+|emoji-regex|get-east-asian-width|is-fullwidth-code-point))\//,
    "shell",
  ],
  ...["kernel", "link", "image", "debug", "inspect"].map((name) => [
    new RegExp(`/src/${name}(/|\\.ts$)`),
    `${name}/index`,
  ]),
];

/**
 * Which file a module goes to, where Rollup is not to decide: what the default entry needs goes
 * there.
 */
function placement() {
  /** @type {Set<string> | undefined} */
  let inDefault;
  /** @type {import("rollup").GetManualChunk} */
  return (id, { getModuleInfo }) => {
    if (inDefault === undefined) {
      inDefault = new Set([`${src}index.ts`]);
      for (const of of inDefault) getModuleInfo(of).importedIds.forEach((to) => inDefault.add(to));
    }
    if (inDefault.has(id)) return "index";
    return PLACES.find(([pattern]) => pattern.test(id))?.[1];
  };
}

async function buildCode() {
  const bundle = await rollup({
    input: Object.fromEntries([
      ...ENTRIES.map((name) => [name, `${src}${entrySource(name)}`]),
      ...Object.entries(COMMAND).map(([name, source]) => [name, `${src}${source}.ts`]),
    ]),
    external: /^node:/,
    preserveEntrySignatures: "allow-extension",
    treeshake: { moduleSideEffects: (id) => !id.startsWith(src) || id.startsWith(`${src}cli/`) },
    plugins: [
      inlineBinaries(root),
      typescript(src),
      withoutSideEffects(src),
      loaderWithoutGlobals(),
      trimmedLibraries(),
      nodeResolve({ preferBuiltins: true, exportConditions: ["node"] }),
      commonjs(),
    ],
    onwarn: ({ message }) => {
      throw new Error(message);
    },
  });
  const { output } = await bundle.write({
    dir: dist,
    format: "es",
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    manualChunks: placement(),
    hoistTransitiveImports: false,
    plugins: [moved(), minified()],
  });
  await bundle.close();
  const page = await buildPage(root, `${dist}cli/bench-page.html.gz`);
  const explorer = await archiveExplorer(`${root}build/explorer-bare`, `${dist}cli/explorer.br`);
  writeFileSync(`${dist}THIRD-PARTY-LICENSES.txt`, licenceTexts(root, [...output, page, explorer]));
}

rmSync(dist, { recursive: true, force: true });
await buildCode();
// A checkout's node_modules/.bin leads here.
chmodSync(`${dist}cli/main.js`, 0o755);
