// Makes the types of dist/: a file for each entry, and dist/types.d.ts, where what they have in
// common is declared once.
//
//   node tools/build-types.mjs        after tools/build-dist.mjs, which empties dist/

import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";

import { ENTRIES, entrySource } from "./entries.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const COMMON = "types";

/** The host's names, and those of host-types.ts.in for them. */
const HOST_NAMES = [
  [/\bWebAssembly\.(Memory|Module|Instance|Exports|Imports|ModuleImports)\b/g, "Wasm$1"],
  [/(?<![.\w])(URL|Response|Blob)\b(?! ?:)/g, "Host$1"],
  [/\bBufferSource\b/g, "Bytes"],
];

const FIELD =
  /\{\s+readonly offset: (\d+);\s+readonly size: (\d+);\s+readonly kind: ("\w+");\s+(?:readonly count: (\d+);\s+)?\}/g;

/** Types of a struct's fields, which are most of the text, each on a line. */
function shortened(code) {
  const short = code.replace(FIELD, (_, ...numbers) => {
    const [offset, size, kind, count] = numbers;
    return count === undefined
      ? `FieldAt<${offset}, ${size}, ${kind}>`
      : `FieldsAt<${offset}, ${size}, ${kind}, ${count}>`;
  });
  if (short === code) throw new Error("the layouts look different: see FIELD");
  return short;
}

const FIELD_TYPES = `/** Where a field is: bytes. */
type FieldAt<O, S, K> = { readonly offset: O; readonly size: S; readonly kind: K };
/** Where an array is: bytes, and number of elements. */
type FieldsAt<O, S, K, C> = FieldAt<O, S, K> & { readonly count: C };
`;

/**
 * The code without the names that not every program's libraries have; comments keep them.
 * @param {string} from where the others are declared, such as `import("./types.js").`
 */
function portable(code, from = "") {
  return code.replace(/\/\*[^]*?\*\/|[^/]+|\//g, (part) =>
    part.startsWith("/*")
      ? part
      : HOST_NAMES.reduce((text, [name, ours]) => text.replace(name, from + ours), part),
  );
}

/** Indentation in a fourth of the bytes. */
const tabs = (/** @type {string} */ spaces) => "\t".repeat(spaces.length / 4);

/** @type {import("rollup").OutputPlugin} */
const plugin = {
  name: "portable-types",
  renderChunk(code, { fileName }) {
    if (fileName !== `${COMMON}.d.ts`) {
      const up = posix.relative(posix.dirname(fileName), ".") || ".";
      return { code: portable(code, `import("${up}/${COMMON}.js").`), map: null };
    }
    const REFERENCE = /^\/\/\/ <reference lib="esnext.disposable".*\n/gm;
    const body = portable(shortened(code.replace(REFERENCE, ""))).replace(/^(?: {4})+/gm, tabs);
    const host = readFileSync(new URL("host-types.ts.in", import.meta.url), "utf8");
    const reference = '/// <reference lib="esnext.disposable" />\n';
    return { code: reference + host + FIELD_TYPES + body, map: null };
  },
};

const sources = Object.fromEntries(
  [...ENTRIES, "binary"].map((name) => [name, `${root}src/${entrySource(name)}`]),
);
const bundle = await rollup({
  input: sources,
  external: /\.wasm(\?module)?$/,
  plugins: [
    dts({ tsconfig: `${root}src/tsconfig.json`, compilerOptions: { stripInternal: true } }),
  ],
  onwarn: ({ message }) => {
    throw new Error(message);
  },
});
await bundle.write({
  dir: `${root}dist`,
  format: "es",
  entryFileNames: "[name].d.ts",
  chunkFileNames: "[name].d.ts",
  manualChunks: (id) => (Object.values(sources).includes(id) ? undefined : COMMON),
  hoistTransitiveImports: false,
  minifyInternalExports: false,
  plugins: [plugin],
});
await bundle.close();
