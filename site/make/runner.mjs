// Makes what runs examples: two scripts for workers in build/site/runner/, and beside them the
// files that examples ask for.

import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname } from "node:path";
import { build } from "esbuild";
import { fromMarkdown } from "mdast-util-from-markdown";
import { visit } from "unist-util-visit";
import { planOf } from "../run/plan.mjs";
import { packageEntries } from "./entries.mjs";
import { documents, ROOT, SITE } from "./map.mjs";

/** Builds of the package that no example asks for. */
const OTHERS = /^(checked|crash|replay)|-threads|^threads/;

const entries = {
  name: "the package's entries",
  setup(bundle) {
    const places = new Map(packageEntries());
    bundle.onResolve({ filter: /^ptmalloc-wasm/ }, ({ path }) => ({ path: places.get(path) }));
  },
};

/** Node.js's modules are those of runner/node/. */
const nodeModules = {
  name: "modules of Node.js",
  setup(bundle) {
    const own = new RegExp(`^(node:)?(${builtinModules.join("|")})$`);
    bundle.onResolve({ filter: own }, ({ path }) => ({
      path: `node:${path.replace(/^node:/, "")}`,
      namespace: "node",
    }));
    bundle.onLoad({ filter: /.*/, namespace: "node" }, ({ path }) => ({
      contents:
        `const all = require("./modules.cjs");` +
        `module.exports = all[${JSON.stringify(path)}] ?? all.only(${JSON.stringify(path)}, {});`,
      resolveDir: `${SITE}runner/node`,
    }));
  },
};

const COMMON = {
  bundle: true,
  format: "iife",
  platform: "browser",
  target: "es2022",
  minify: true,
  logLevel: "warning",
  legalComments: "linked",
};

/** Makes the script that runs examples in JavaScript. @param {string} out */
export function buildExamples(out) {
  return build({
    ...COMMON,
    entryPoints: [`${SITE}runner/examples.ts`],
    outfile: `${out}examples.js`,
    plugins: [entries],
    define: { "import.meta.url": '"https://package.invalid/dist/x/main.js"' },
  });
}

/** Makes the script that runs commands. @param {string} out */
export function buildCommands(out) {
  return build({
    ...COMMON,
    entryPoints: [`${SITE}runner/commands.ts`],
    outfile: `${out}commands.js`,
    plugins: [nodeModules],
    define: { "import.meta.url": '"file:///package/src/binary/sources.js"' },
  });
}

/** Recordings and scripts that commands in documents look at. */
function filesOfCommands() {
  const files = [...documents().keys()].flatMap((document) =>
    codeIn(readFileSync(ROOT + document, "utf8"))
      .map(({ lang, value }) => planOf(lang, `${value}\n`, []))
      .flatMap((plan) => plan?.files ?? []),
  );
  return new Set(files.filter((file) => !file.endsWith(".wasm")));
}

/** @param {string} text @returns {{ lang: string, value: string }[]} blocks with commands */
function codeIn(text) {
  const found = [];
  visit(fromMarkdown(text), "code", (node) => {
    if (node.lang === "console") found.push(node);
  });
  return found;
}

function copyTo(folder, file) {
  mkdirSync(dirname(folder + file), { recursive: true });
  copyFileSync(ROOT + file, folder + file);
}

/** Makes all of it. @param {string} folder of the built site */
export async function buildRunner(folder) {
  const out = `${folder}runner/`;
  mkdirSync(out, { recursive: true });
  await Promise.all([buildExamples(out), buildCommands(out)]);
  for (const file of filesOfCommands()) copyTo(out, file);
  const binaries = readdirSync(`${ROOT}build`).filter((name) => name.endsWith(".wasm"));
  for (const name of binaries.filter((one) => !OTHERS.test(one)))
    copyFileSync(`${ROOT}build/${name}`, out + name);
}
