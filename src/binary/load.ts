// Brings a WebAssembly binary to life: compiled once, checked against what this code knows of
// structs, instantiated with what it imports: a memory, `host.fail`, and what some builds need
// besides.

import type { Abi } from "../layout/address.js";
import { checkBinary } from "./check.js";
import type { Build, RawExports } from "./exports.js";
import type { GlibcVersion } from "./glibc.js";
import { binaryName, type Profile } from "./profile.js";
import { isBytes, isUrl, type WasmSource } from "../base/realm.js";

export type { WasmSource };

/** What the option "wasm" takes: a binary, or where one is to be had from. */
export type WasmInput =
  WasmSource | URL | string | Response | PromiseLike<WasmSource | URL | string | Response>;

/** Where an entry of the package has binaries from. */
export interface Binaries {
  /**
   * @param name build and layout, such as "core.ilp32": what is looked for when nothing is given
   * @param given the option "wasm"; a binary is what is found
   * @throws Error that says what was looked for, where, and what to do
   */
  find(name: string, given?: WasmInput): WasmSource | Promise<WasmSource>;
  /** As `find`, without waiting. */
  findSync(name: string, given?: WasmInput): WasmSource;
  /** Who makes the first thread's instance; the engine itself by default. */
  readonly instantiator?: Instantiator;
}

/** Makes instances of a module. @returns their exports @throws WebAssembly.LinkError */
export interface Instantiator {
  instantiate(
    module: WebAssembly.Module,
    imports: WebAssembly.Imports,
  ): Promise<WebAssembly.Exports>;
  instantiateSync(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Exports;
}

/** The engine itself. */
export const ENGINE: Instantiator = {
  instantiate: async (module, imports) => (await WebAssembly.instantiate(module, imports)).exports,
  instantiateSync: (module, imports) => new WebAssembly.Instance(module, imports).exports,
};

/** Who hears that a process is at its end: the import `host.fail`. */
export interface Failing {
  fail(code: number, address: number): never;
}

/** Which binary is meant. */
export interface WhichBinary<A extends Abi = Abi, B extends Build = Build> {
  readonly abi: A;
  readonly build: B;
  /** What is asked for: "glibc", unless it is said, and what a given binary is. */
  readonly profile?: Profile | undefined;
  /** Which glibc is asked for, in the profile "glibc". */
  readonly glibc?: GlibcVersion | undefined;
  readonly wasm: WasmInput | undefined;
}

/** What an instance is made of. */
export interface Plan<A extends Abi, B extends Build, F extends Failing> extends WhichBinary<A, B> {
  readonly memory: WebAssembly.Memory;
  /** What says how the process ends. */
  readonly newFate: () => F;
  /** What the build imports as `host` besides `fail`. */
  readonly imports?: object;
}

/** An instance, before it is a thread of a process. */
export interface Loaded<A extends Abi, B extends Build, F extends Failing> {
  readonly module: WebAssembly.Module;
  /** The instance's exports, untouched. */
  readonly raw: RawExports<A, B>;
  readonly fate: F;
}

type Compiling = WebAssembly.Module | Promise<WebAssembly.Module>;

/**
 * Modules by build and layout or by address, and by what the caller brought. One that is being
 * compiled counts: nothing is compiled twice.
 */
const byName = new Map<unknown, Compiling>();
const byObject = new WeakMap<object, Compiling>();

/** What the module of a process is remembered by. */
function keyOf({ wasm, build, profile = "glibc", glibc, abi }: WhichBinary): string | object {
  if (wasm === undefined) return binaryName(build, profile, abi, glibc);
  return typeof wasm === "object" && wasm && !isUrl(wasm) ? wasm : `at ${wasm}`;
}

function memoryOf(key: string | object): Pick<Map<unknown, Compiling>, "get" | "set" | "delete"> {
  return typeof key === "string" ? byName : (byObject as unknown as typeof byName);
}

/** @param key what `keyOf` says: a name, unless the caller brought something */
async function compiled(
  key: string | object,
  { wasm }: WhichBinary,
  binaries: Binaries,
): Promise<WebAssembly.Module> {
  const source = await binaries.find(key as string, wasm);
  return isBytes(source) ? WebAssembly.compile(source) : source;
}

/** Connects an instance with the memory and the fate of its process. */
function importsOf(plan: Plan<Abi, Build, Failing>, fate: Failing): WebAssembly.Imports {
  const fail = (code: number, address: number): never => fate.fail(code, address);
  return { env: { memory: plan.memory }, host: { fail, ...plan.imports } };
}

/** Makes an instance of a process, of a binary that was checked. @throws WebAssembly.LinkError */
export async function instantiate<A extends Abi, B extends Build, F extends Failing>(
  plan: Plan<A, B, F>,
  module: WebAssembly.Module,
  fate: F,
  by = ENGINE,
): Promise<Loaded<A, B, F>> {
  const raw = await by.instantiate(module, importsOf(plan, fate));
  return { module, raw: raw as never, fate };
}

/** As `instantiate`, without waiting. */
export function instantiateSync<A extends Abi, B extends Build, F extends Failing>(
  plan: Plan<A, B, F>,
  module: WebAssembly.Module,
  fate: F,
  by = ENGINE,
): Loaded<A, B, F> {
  return { module, raw: by.instantiateSync(module, importsOf(plan, fate)) as never, fate };
}

/**
 * Instantiates the binary of a process.
 * @throws Error when the binary is missing, or is not one of this version and the plan's layout;
 *   WebAssembly.CompileError, LinkError
 */
export async function load<A extends Abi, B extends Build, F extends Failing>(
  plan: Plan<A, B, F>,
  binaries: Binaries,
): Promise<Loaded<A, B, F>> {
  const key = keyOf(plan);
  const modules = memoryOf(key);
  let pending = modules.get(key);
  if (pending === undefined) modules.set(key, (pending = compiled(key, plan, binaries)));
  let module: WebAssembly.Module;
  try {
    module = await pending;
    checkBinary(module, plan.abi);
    modules.set(key, module);
  } catch (error) {
    // It may go well the next time: a file that is there by then, a network that answers.
    if (modules.get(key) === pending) modules.delete(key);
    throw error;
  }
  return instantiate(plan, module, plan.newFate(), binaries.instantiator);
}

/**
 * The module of a process that is to be started, compiled and checked. Browsers allow this on their
 * main thread for small modules only.
 * @throws as `load`
 */
export function moduleSync(plan: WhichBinary, binaries: Binaries): WebAssembly.Module {
  const key = keyOf(plan);
  const modules = memoryOf(key);
  let module = modules.get(key);
  if (module === undefined || "then" in module) {
    const source = binaries.findSync(key as string, plan.wasm);
    module = isBytes(source) ? new WebAssembly.Module(source) : source;
  }
  checkBinary(module, plan.abi);
  modules.set(key, module);
  return module;
}

/** As `load`, without waiting. Browsers allow this on their main thread for small modules only. */
export function loadSync<A extends Abi, B extends Build, F extends Failing>(
  plan: Plan<A, B, F>,
  binaries: Binaries,
): Loaded<A, B, F> {
  const module = moduleSync(plan, binaries);
  return instantiateSync(plan, module, plan.newFate(), binaries.instantiator);
}
