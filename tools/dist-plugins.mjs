// Plugins for Rollup, which makes dist/ (tools/build-dist.mjs).

import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { transform } from "esbuild";
import { minify } from "terser";

import { loadSource } from "./load-source.mjs";

/** Replaces what must be there, once. */
function replaced(text, from, to) {
  if (text.split(from).length !== 2) throw new Error(`there is no (single) "${from}"`);
  return text.replace(from, () => to);
}

/**
 * Finds the sources that a source imports, and takes the types out of them.
 * @param {string} src the folder of the sources
 * @returns {import("rollup").Plugin}
 */
export function typescript(src) {
  return {
    name: "typescript",
    resolveId(source, importer) {
      // Imported as they are, by hosts and bundlers that compile no WebAssembly at run time.
      if (/\.wasm(\?module)?$/.test(source)) return { id: source, external: true };
      if (!importer?.startsWith(src) || !source.startsWith(".")) return null;
      const url = new URL(source.replace(/\.js$/, ".ts"), pathToFileURL(importer));
      return fileURLToPath(url);
    },
    async transform(code, id) {
      if (!id.endsWith(".ts")) return null;
      const { code: js } = await transform(code, {
        loader: "ts",
        target: "es2022",
        // Numbers such as 2 ** 20 are not constants to every bundler.
        minifySyntax: true,
      });
      return { code: js, map: null };
    },
  };
}

const CODE = /Call|New|Member|Tagged|Class|StaticBlock|MetaProperty/;

/**
 * Whether evaluating something runs code, as far as bundlers can tell: functions in it do not run.
 */
function runsCode(node) {
  if (node === null || typeof node !== "object") return false;
  if (Array.isArray(node)) return node.some(runsCode);
  if (/Function/.test(node.type)) return false;
  if (/^Class/.test(node.type)) {
    const { body } = node.body;
    return body.some(
      ({ type, computed, static: fixed }) => fixed || computed || type === "StaticBlock",
    );
  }
  return CODE.test(node.type) || Object.values(node).some(runsCode);
}

/**
 * Tells bundlers what package.json tells them of whole files, that nothing here has side effects,
 * of each constant and class: where a file holds many, they leave out those that are not used.
 * @param {string} src the folder of the sources
 * @returns {import("rollup").Plugin}
 */
export function withoutSideEffects(src) {
  return {
    name: "without-side-effects",
    transform(code, id) {
      if (!id.startsWith(src) || id.startsWith(`${src}cli/`)) return null;
      const edits = [];
      for (const statement of this.parse(code).body) {
        const declared = statement.declaration ?? statement;
        if (declared.type === "ClassDeclaration" && runsCode(declared)) {
          edits.push([declared.start, `const ${declared.id.name} = /* @__PURE__ */ (() => `]);
          edits.push([declared.end, ")();"]);
        }
        if (declared.type !== "VariableDeclaration") continue;
        for (const { init } of declared.declarations) {
          if (!init || /@__PURE__ \*\/ $/.test(code.slice(0, init.start)) || !runsCode(init))
            continue;
          edits.push([init.start, "/* @__PURE__ */ (() => ("], [init.end, "))()"]);
        }
      }
      for (const [at, text] of edits.sort((a, b) => b[0] - a[0]))
        code = code.slice(0, at) + text + code.slice(at);
      return { code, map: null };
    },
  };
}

/**
 * Puts binaries into the modules of src/binary/inlined/, as text.
 * @param {string} root
 * @returns {import("rollup").Plugin}
 */
export function inlineBinaries(root) {
  return {
    name: "inline-binaries",
    async load(id) {
      const [, build, abi] = /\/src\/binary\/inlined\/(\w+)-(\w+)\.ts$/.exec(id) ?? [];
      if (build === undefined) return null;
      const { inlinable } = await loadSource("binary/inlined.ts");
      const text = inlinable(readFileSync(`${root}build/${build}.${abi}.wasm`));
      return `export const text = "${text}";`;
    },
  };
}

/**
 * What the command line's libraries bring along and it does not use: cli-table3's colours, which
 * its tables are told not to use.
 * @returns {import("rollup").Plugin}
 */
export function trimmedLibraries() {
  const NOTHING = "\0nothing";
  return {
    name: "trimmed-libraries",
    resolveId: (source) => (source === "@colors/colors/safe" ? NOTHING : null),
    load: (id) => (id === NOTHING ? "export default {};" : null),
  };
}

/** What stands for Plot's maps, colour schemes, legends and tips: there are none. */
const NOT_IN_PLOTS = {
  "legends.js": `
export const createLegends = () => [], exposeLegends = () => none;
export { none as legend };`,
  "marks/tip.js": `
export { none as tip, none as Tip };`,
  "projection.js": `
export const createProjection = () => undefined, projectionAspectRatio = () => undefined;
export const hasProjection = () => false, getGeometryChannels = () => [];
export { none as project, none as applyPosition, none as xyProjection };`,
  "scales/schemes.js": `
export const isCategoricalScheme = () => false, isDivergingScheme = () => false;
export const maybeBooleanRange = () => undefined;
export { none as ordinalScheme, none as ordinalRange, none as quantitativeScheme };`,
};
const NONE = 'const none = () => { throw new Error("left out of the plots by the build"); };';

/**
 * What Observable Plot brings along and the page's plots do not use: maps of the earth, and colour
 * schemes, legends and tips, as the page has its own colours and a table beside each plot.
 * @returns {import("rollup").Plugin}
 */
export function trimmedPlot() {
  return {
    name: "trimmed-plot",
    load(id) {
      const [, name] = /\/@observablehq\/plot\/src\/(.+)$/.exec(id) ?? [];
      const code = NOT_IN_PLOTS[name];
      return code === undefined ? null : { code: NONE + code, map: null };
    },
  };
}

/**
 * AssemblyScript's loader wants a TextDecoder when it is imported, and adds to Object where Object
 * is old: neither is there for us to have in every host, nor needed for what the loader does here.
 * @returns {import("rollup").Plugin}
 */
export function loaderWithoutGlobals() {
  return {
    name: "loader-without-globals",
    transform(code, id) {
      if (!id.includes("/@assemblyscript/loader/")) return null;
      const decoder = 'new TextDecoder("utf-16le", { fatal: true })';
      const lazy = replaced(
        code,
        `const utf16 = ${decoder};`,
        `const utf16 = { decode: (bytes) => ${decoder}.decode(bytes) };`,
      );
      const at = lazy.indexOf("Object.hasOwn = Object.hasOwn ||");
      const end = lazy.indexOf("};", at);
      if (at < 0 || end < 0) throw new Error("the loader has no Object.hasOwn");
      return { code: lazy.slice(0, at) + lazy.slice(end + 2), map: null };
    },
  };
}

/**
 * Where a binary lies is written as seen from the source; a file of dist/ sees it from elsewhere.
 * @returns {import("rollup").OutputPlugin}
 */
export function moved() {
  return {
    name: "moved",
    renderChunk(code, { fileName }) {
      const up = "../".repeat(fileName.split("/").length);
      return { code: code.replace(/(?<=["'`])(\.\.\/)+(?=build\/)/g, up), map: null };
    },
  };
}

/**
 * Minifies, so that the sizes that README speaks of are those of pages without a bundler, too, and
 * of bundlers that leave it to a plugin. Names of classes stay, for whoever prints an object.
 * @returns {import("rollup").OutputPlugin}
 */
export function minified() {
  return {
    name: "minified",
    async renderChunk(code, { fileName }) {
      // URLs of binaries have to stay as they are written, for bundlers; what else is there is
      // short.
      if (fileName === "wasm.js") return null;
      const compress = { passes: 2, reduce_funcs: false };
      const options = { ecma: 2022, module: true, keep_classnames: true, compress };
      // Bundlers leave out what is not used by these.
      // Node.js shows the line that threw.
      const format = { preserve_annotations: true, max_line_len: 500 };
      return { code: (await minify(code, { ...options, format })).code, map: null };
    },
  };
}
