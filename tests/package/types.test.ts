// The types in dist/, as programs see them: strict, libraries checked, with and without types for a
// host. Needs `npm run build`.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, expect, it } from "vitest";

const folder = fileURLToPath(new URL("../../build/types-tests/", import.meta.url));

/** The settings of programs that people have, by what their hosts declare. */
const HOSTS: Readonly<Record<string, { lib: string[]; types: string[] }>> = {
  nothing: { lib: ["lib.es2022.d.ts"], types: [] },
  "Node.js": { lib: ["lib.es2022.d.ts"], types: ["node"] },
  DOM: { lib: ["lib.es2022.d.ts", "lib.dom.d.ts"], types: [] },
  WebWorker: { lib: ["lib.es2022.d.ts", "lib.webworker.d.ts"], types: [] },
  "Node.js and DOM": { lib: ["lib.es2022.d.ts", "lib.dom.d.ts"], types: ["node"] },
};

/** What compiles wherever it is. */
const ANYWHERE = `
import { createHeap, createHeapSync, HeapAbort, startProcess } from "ptmalloc-wasm";
import type { BuildExports, CStructs, Heap, Process, StructView } from "ptmalloc-wasm";
import { createHeap as coreHeap } from "ptmalloc-wasm/core";
import { wasmUrl } from "ptmalloc-wasm/wasm";
import { createHeapSync as threadedHeap, type ThreadedHeap } from "ptmalloc-wasm/threads";
import { mallocInfo } from "ptmalloc-wasm/inspect";
import { startKernel } from "ptmalloc-wasm/kernel";
import { linkGuest } from "ptmalloc-wasm/link";
import { openHeapImage } from "ptmalloc-wasm/image";
import { createDebugHeap } from "ptmalloc-wasm/debug";
import compiled from "ptmalloc-wasm/core.ilp32.wasm";
import * as module from "ptmalloc-wasm/module";

export const all = [coreHeap, startKernel, linkGuest, openHeapImage, module, HeapAbort, wasmUrl];
export const heap = createHeapSync({ wasm: compiled });
export const plain: Uint8Array<ArrayBuffer> = heap.u8(heap.malloc(8), 8);
export const doubles: Float64Array<ArrayBuffer> = heap.view(Float64Array, heap.malloc(8), 1);
export const block: Uint16Array<ArrayBuffer> = heap.alloc(Uint16Array, 4).view;
export const text: Uint8Array<ArrayBuffer> = heap.newUtf8("text").view;
export const tracked: Promise<Uint8Array<ArrayBuffer>> = createDebugHeap().then((it) => it.u8(1, 1));
export const info: string = mallocInfo(heap.process);
const threaded: ThreadedHeap<"ilp32"> = threadedHeap();
export const shared: Uint8Array = threaded.u8(threaded.malloc(8), 8);
// @ts-expect-error: what threads share is no ArrayBuffer
export const mistaken: Uint8Array<ArrayBuffer> = threadedHeap().u8(1, 1);
export const either: Heap[] = [heap, threaded];
export const wide: Promise<Heap<"lp64", "core">> = createHeap({ abi: "lp64" });
// @ts-expect-error: there is no such layout
void createHeap({ abi: "lp32" });
export const traced: Promise<Process<"ilp32", "full">> = startProcess({
  build: "full",
  trace: (nr) => void nr.toFixed(),
});
// @ts-expect-error: the core build traces nothing
void startProcess({ trace: () => undefined });
`;

/** What the main entry had, and has for one version more: each name is what replaces it. */
const OLD_NAMES = `
import * as now from "ptmalloc-wasm/threads";
import * as old from "ptmalloc-wasm";

type Same<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false;
type Fields = { at: { x: "f64" }; list: "u32[4]" };
export const same: readonly true[] = [
  true satisfies Same<old.FullExports<bigint>, BuildExports.FullExports<bigint>>,
  true satisfies Same<old.CheckedExports, BuildExports.CheckedExports>,
  true satisfies Same<old.StructValues<Fields>, CStructs.StructValues<Fields>>,
  true satisfies Same<old.FieldValue<"u32[4]">, StructView<Fields>["list"]>,
  true satisfies Same<old.ThreadedHeap<"lp64">, now.ThreadedHeap<"lp64">>,
  true satisfies Same<old.HeapHandle, now.HeapHandle>,
  true satisfies Same<old.ThreadError, now.ThreadError>,
  true satisfies Same<typeof old.attachHeap, typeof now.attachHeap>,
];
export class Own extends old.ThreadedHeap {}
`;

/** What compiles where WebAssembly is declared: objects go in and out as they are. */
const WITH_WEBASSEMBLY = `
const memory: WebAssembly.Memory = heap.memory;
export const again = createHeapSync({ memory: new WebAssembly.Memory({ initial: 32 }) });
export const instance: WebAssembly.Instance = new WebAssembly.Instance(compiled, { env: { memory } });
export const guests = linkGuest(new Uint8Array(8), heap).then(({ instance, exports }) => {
  const found: WebAssembly.Instance = instance;
  const named: WebAssembly.Exports = exports;
  return [found, named];
});
export const fetched = createHeap({ wasm: fetch("core.wasm") });
export const located = createHeap({ wasm: new URL("file:///core.wasm") });
export const hashed = crypto.subtle.digest("SHA-256", plain);
export const blob = new Blob([plain, doubles]);
export const response = new Response(plain);
`;

beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(Object.keys(HOSTS))("are right for programs whose host declares: %s", (host) => {
  const file = `${folder}${host.replace(/\W+/g, "-")}.mts`;
  const { lib, types } = HOSTS[host]!;
  const more = /DOM|Worker/.test(host) ? WITH_WEBASSEMBLY : "";
  writeFileSync(file, ANYWHERE + OLD_NAMES + more);
  const program = ts.createProgram([file], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib,
    types,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
  });
  // The types of Node.js and of TypeScript are not ours to check.
  const files = program.getSourceFiles().filter((one) => !one.fileName.includes("/node_modules/"));
  const ours = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...files.flatMap((one) => [
      ...program.getSyntacticDiagnostics(one),
      ...program.getSemanticDiagnostics(one),
    ]),
  ];
  expect(files.length).toBeGreaterThan(10);
  expect(ours.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual(
    [],
  );
});

it.each([
  ["createHeap({ base: 'x' })", "Type 'string' is not assignable to type 'number'."],
  [
    "startProcess({ build: 'core', files: undefined! })",
    "Object literal may only specify known properties, and 'files' does not exist in type " +
      `'ProcessOptions<"ilp32", "core">'.`,
  ],
  [
    "createHeap({ restore: undefined! })",
    "Object literal may only specify known properties, and 'restore' does not exist in type " +
      `'HeapOptions<"ilp32", "core">'.`,
  ],
])("say in one line which option does not fit: %s", (call, says) => {
  const file = `${folder}one-line.mts`;
  writeFileSync(file, `import { createHeap, startProcess } from "ptmalloc-wasm";\nvoid ${call};\n`);
  const { NodeNext } = ts.ModuleKind;
  const options = { module: NodeNext, strict: true, noEmit: true, types: [] };
  const [error] = ts
    .getPreEmitDiagnostics(ts.createProgram([file], options))
    .filter(({ file: found }) => found?.fileName === file);
  expect(ts.flattenDiagnosticMessageText(error!.messageText, "\n")).toBe(says);
});
