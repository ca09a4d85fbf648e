// Brings a WebAssembly binary to life: compiled once, checked against the struct layouts this code was built with,
// instantiated through AssemblyScript's loader with the two things that it imports, a memory and `host.fail`.

import { readBinary, readBinarySync } from "#binaries";
import { instantiate, instantiateSync } from "@assemblyscript/loader";
import type { Abi } from "../layout/address.js";
import { layouts } from "../layout/generated.js";
import type { StructLayout } from "./struct.js";
import type { Build, RawExports } from "./exports.js";
import { NO_FILES, type FileImports } from "./files.js";
import type { SyscallTrace } from "./options.js";

/** A binary: its bytes, or a module that is compiled already (as some hosts demand). */
export type WasmSource = WebAssembly.Module | BufferSource;

/** Which binary to load and what to connect it to. */
export interface LoadRequest<A extends Abi, B extends Build> {
  abi: A;
  build: B;
  memory: WebAssembly.Memory;
  /** Instead of the package's own binary. Must be the same build and layout. */
  wasm?: WasmSource | undefined;
  /** Called when an integrity check fails; must throw. The address comes signed. */
  fail: (code: number, address: number) => never;
  /** Called after system calls of the full build while tracing is on. */
  trace?: SyscallTrace | undefined;
  /** The files of the full build's descriptors. */
  files?: FileImports | undefined;
}

const modulesByName = new Map<string, WebAssembly.Module>();
const modulesByBytes = new WeakMap<BufferSource, WebAssembly.Module>();

/** A struct as the binaries tell it: `NAME SIZE KIND FIELD … KIND FIELD …`, arrays as `FIELD*COUNT`; offsets follow from that. */
export function describeStruct(name: string, { size, fields }: StructLayout): string {
  const words: (string | number)[] = [name, size];
  let last = "";
  for (const [field, { kind, count }] of Object.entries(fields)) {
    if (kind !== last) words.push(kind);
    words.push(count ? `${field}*${count}` : field);
    last = kind;
  }
  return words.join(" ");
}

/**
 * Refuses a binary whose structs are not laid out as this code believes: its custom section "layout" has a line for each struct
 * that it uses.
 * @throws Error that says what disagrees
 */
export function checkLayout(module: WebAssembly.Module, abi: Abi): void {
  const [section] = WebAssembly.Module.customSections(module, "layout");
  if (section === undefined) {
    throw new Error('the WebAssembly binary has no "layout" section: not one of ptmalloc-wasm');
  }
  const structs: Readonly<Record<string, StructLayout>> = layouts[abi];
  const ours = new Set(
    Object.entries(structs).map(([name, struct]) => describeStruct(name, struct)),
  );
  const theirs = new TextDecoder().decode(section).split("\n");
  const different = theirs.filter((line) => !ours.has(line)).map((line) => line.split(" ", 1)[0]);
  if (different.length > 0) {
    throw new Error(
      `the WebAssembly binary is not the ${abi} build of this version: ` +
        `it lays out ${different.join(", ")} differently`,
    );
  }
}

function remember(request: LoadRequest<Abi, Build>, module: WebAssembly.Module): void {
  const { wasm, abi } = request;
  checkLayout(module, abi);
  if (wasm === undefined) modulesByName.set(nameOf(request), module);
  else if (!(wasm instanceof WebAssembly.Module)) modulesByBytes.set(wasm, module);
}

function nameOf(request: Pick<LoadRequest<Abi, Build>, "abi" | "build">): string {
  return `${request.build}.${request.abi}`;
}

function remembered(request: LoadRequest<Abi, Build>): WebAssembly.Module | undefined {
  const { wasm, abi } = request;
  const module = loadedModule(request);
  if (wasm === undefined) return module;
  // The same bytes may be asked for under the other layout's name.
  if (module !== undefined) checkLayout(module, abi);
  return module;
}

/** @returns the compiled module of a binary that was loaded before, to be posted to other threads */
export function loadedModule(request: Pick<LoadRequest<Abi, Build>, "abi" | "build" | "wasm">) {
  const { wasm } = request;
  if (wasm === undefined) return modulesByName.get(nameOf(request));
  return wasm instanceof WebAssembly.Module ? wasm : modulesByBytes.get(wasm);
}

function importsOf(request: LoadRequest<Abi, Build>) {
  const trace = request.trace ?? (() => undefined);
  const files = request.files ?? NO_FILES;
  return { env: { memory: request.memory }, host: { fail: request.fail, trace, ...files } };
}

/**
 * Instantiates a binary.
 * @returns the instance's exports, untouched
 * @throws Error when the binary is missing, or disagrees with this code about a struct; WebAssembly.CompileError, LinkError
 */
export async function load<A extends Abi, B extends Build>(
  request: LoadRequest<A, B>,
): Promise<RawExports<A, B>> {
  let module = remembered(request);
  if (module === undefined) {
    const bytes = request.wasm ?? (await readBinary(nameOf(request)));
    module = await WebAssembly.compile(bytes as BufferSource);
    remember(request, module);
  }
  const { instance } = await instantiate(module, importsOf(request));
  return instance.exports as unknown as RawExports<A, B>;
}

/** As `load`, without waiting. Browsers allow this on their main thread for small modules only. */
export function loadSync<A extends Abi, B extends Build>(
  request: LoadRequest<A, B>,
): RawExports<A, B> {
  let module = remembered(request);
  if (module === undefined) {
    const bytes = request.wasm ?? readBinarySync(nameOf(request));
    module = new WebAssembly.Module(bytes as BufferSource);
    remember(request, module);
  }
  const { instance } = instantiateSync(module, importsOf(request));
  return instance.exports as unknown as RawExports<A, B>;
}
