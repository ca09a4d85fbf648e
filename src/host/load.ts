// Brings a WebAssembly binary to life: compiled once, checked against the struct layouts this code was built with,
// instantiated through AssemblyScript's loader with the two things that it imports, a memory and `host.fail`.

import { readBinary, readBinarySync } from "#binaries";
import { instantiate, instantiateSync } from "@assemblyscript/loader";
import type { Abi } from "../layout/address.js";
import { layouts } from "../layout/generated.js";
import type { Build, RawExports } from "./exports.js";

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
}

const modulesByName = new Map<string, WebAssembly.Module>();
const modulesByBytes = new WeakMap<BufferSource, WebAssembly.Module>();

/** JSON with sorted keys: equal texts mean equal layouts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/**
 * Refuses a binary whose structs are not laid out as this code believes.
 * @throws Error that says what disagrees
 */
export function checkLayout(module: WebAssembly.Module, abi: Abi): void {
  const sections = WebAssembly.Module.customSections(module, "layout");
  const section = sections[0];
  if (section === undefined) {
    throw new Error('the WebAssembly binary has no "layout" section: not one of ptmalloc-wasm');
  }
  const { structs: theirs } = JSON.parse(new TextDecoder().decode(section)) as {
    structs: Record<string, unknown>;
  };
  const ours: Record<string, unknown> = layouts[abi];
  // A build has the structs that it uses; those must agree.
  const different = Object.keys(theirs).filter(
    (name) => canonical(theirs[name]) !== canonical(ours[name]),
  );
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

function nameOf(request: LoadRequest<Abi, Build>): string {
  return `${request.build}.${request.abi}`;
}

function remembered(request: LoadRequest<Abi, Build>): WebAssembly.Module | undefined {
  const { wasm, abi } = request;
  if (wasm === undefined) return modulesByName.get(nameOf(request));
  const module = wasm instanceof WebAssembly.Module ? wasm : modulesByBytes.get(wasm);
  // The same bytes may be asked for under the other layout's name.
  if (module !== undefined) checkLayout(module, abi);
  return module;
}

function importsOf(request: LoadRequest<Abi, Build>) {
  return { env: { memory: request.memory }, host: { fail: request.fail } };
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
