// What does one block and back cost in each JavaScript engine?
//
// Rationale: embedders' users have other engines than this one. The same script, with the same
// binaries in it, runs in each that is here: pairs of calls through the border between JavaScript
// and WebAssembly, the border alone (`empty Wasm call`), batches of 256 blocks by the checked
// functions and by one call for many, and what the engine offers instead.
//
// Caveats: as in questions/js-pairs.ts. Engines that inline the empty functions away have no border
// there. Browsers run in the background, without a window.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { EMPTY, OURS, THROUGHPUT, TLSF } from "../contestants/allocators.js";
import { wasmModule } from "../contestants/binaries.js";
import { engines, locate, runIn } from "../engines/run.js";
import type { Binaries, Found } from "../engines/race.js";
import { CALLS, FIVE_FIELDS, KEPT_BLOCKS, ofEngine, pairText } from "../lab/loops.js";
import type { LoopPieces } from "../lab/loops.js";
import { root } from "../lab/paths.js";
import { ratio, type Cell, type Question, type Row } from "../lab/question.js";

const BYTES = 64;
const BATCH = 256;
const CHECKED = `${OURS.ilp32}, heap.malloc, ${BATCH} blocks`;
const MANY = `${OURS.ilp32}, mallocMany, ${BATCH} blocks`;
const ARRAY = `new Uint8Array(${BYTES})`;

/** @returns the text of an entry: a loop, and of what its names are taken */
const pairs = (name: string, scope: string, pieces: LoopPieces): string =>
  `{ name: ${JSON.stringify(name)}, make(allocators) {
    const { malloc, free, table } = ${scope};
    const bytes = ${BYTES};
    ${pairText(pieces, "rounds")}
  } }`;

const called = (name: string, heap: string): string =>
  pairs(name, `allocators.surrounded(allocators.${heap}, ${BYTES})`, CALLS);

const dropped = (name: string, get: string): string =>
  pairs(name, `{ table: new Array(${KEPT_BLOCKS}).fill(null) }`, ofEngine(get));

/** @returns the text of an entry that has {@link BATCH} blocks at a time */
const batches = (name: string, body: string): string =>
  `{ name: ${JSON.stringify(name)}, make(allocators) {
    const heap = allocators.glibc();
    const sizes = new Uint32Array(${BATCH}).fill(${BYTES});
    const list = new Uint32Array(${BATCH});
    return function (blocks) { for (; blocks > 0; blocks -= ${BATCH}) { ${body} } };
  } }`;

const ENTRIES = [
  called(EMPTY, 'foreign("empty")'),
  called(OURS.ilp32, "glibc().raw"),
  called(THROUGHPUT, "throughput().raw"),
  called(TLSF, 'foreign("tlsf")'),
  batches(
    CHECKED,
    `for (let i = 0; i < ${BATCH}; i++) list[i] = heap.malloc(${BYTES});
     for (let i = 0; i < ${BATCH}; i++) heap.free(list[i]);`,
  ),
  batches(MANY, "heap.freeMany(heap.mallocMany(sizes));"),
  dropped(ARRAY, "new Uint8Array(bytes)"),
  dropped(`new ArrayBuffer(${BYTES})`, "new ArrayBuffer(bytes)"),
  dropped("{ five fields }", FIVE_FIELDS),
];

/** The binaries that take part, by the names of tools/builds.mjs. */
const BINARIES: Readonly<Record<keyof Binaries, string>> = {
  glibc: "core.ilp32",
  throughput: "core-throughput.ilp32",
  tlsf: "peers/tlsf-large",
  empty: "peers/empty",
};

/** @returns an expression that any engine evaluates to what it found */
async function scriptText(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ["bench/engines/race.ts"],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "race",
    platform: "browser",
    target: "es2022",
    logLevel: "error",
  });
  const binaries = Object.entries(BINARIES).map(([key, name]) => {
    wasmModule(name);
    return [key, readFileSync(join(root, "build", `${name}.wasm`)).toString("base64")];
  });
  const given = JSON.stringify(Object.fromEntries(binaries));
  return `(() => { ${outputFiles[0]!.text}
    return race.raceEntries([${ENTRIES.join(",\n")}], ${given});
  })()`;
}

export const jsEngines: Question = {
  name: "js-engines",
  question: "What does one block and back cost in each JavaScript engine?",
  async answer() {
    const script = await scriptText();
    const columns: string[] = [];
    const results: Found[] = [];
    const notes: string[] = [];
    for (const engine of engines) {
      const found = locate(engine);
      if (found === undefined) {
        notes.push(`${engine.title} left out: it is not here (${engine.how})`);
        continue;
      }
      console.log(found.name);
      results.push((await runIn(engine.kind, found.path, script)) as Found);
      columns.push(found.name);
    }
    const rows: Row[] = Object.keys(results[0] ?? {}).map((contestant) => ({
      contestant,
      cells: results.map((one) => one[contestant] ?? null),
    }));
    const cell = (name: string, at: number): Cell | null => results[at]![name] ?? null;
    return {
      unit: `ns a block of ${BYTES} bytes and back`,
      columns,
      rows,
      ratios: columns.flatMap((engine, at) => [
        ...ratio(`${engine}: pair to empty calls`, cell(OURS.ilp32, at), cell(EMPTY, at), 2.3),
        ...ratio(`${engine}: pair to ${ARRAY}`, cell(OURS.ilp32, at), cell(ARRAY, at), 0.3),
        ...ratio(`${engine}: mallocMany to heap.malloc`, cell(MANY, at), cell(CHECKED, at), 0.5),
      ]),
      notes,
    };
  },
};
