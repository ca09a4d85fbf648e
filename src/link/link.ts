// Instantiates a guest over a heap: the guest's memory is the heap's, and its malloc the heap's own
// export, with no JavaScript in between.

import { checkOptions, show } from "../base/checks.js";
import { isShared } from "../process/memory-option.js";
import { PAGE_BYTES, WASM_PAGE_BYTES } from "../process/options.js";
import type { Process } from "../process/process.js";
import { isBytes, isModule } from "../base/realm.js";
import type { WasmSource } from "../binary/load.js";
import type { Abi } from "../layout/address.js";
import { checkAllocator } from "./allocator.js";
import type { OwnAllocatorChoice } from "./allocator.js";
import { readModule } from "./binary.js";
import type { Binary } from "./binary.js";
import { caughtInGuest, guardExports } from "./guest-traps.js";
import {
  asBytes,
  givenName,
  guestOf,
  HEAP_MODULE,
  hex,
  SERVED,
  servedName,
  stoodInFor,
} from "./guest.js";
import type { GuestInfo } from "./guest.js";
import { checkPlace, settle } from "./place.js";
import { rewrite } from "./rewrite.js";

/** A heap, as `createHeap` and `createDebugHeap` make it, or a process, as `startProcess` does. */
export type GuestHost =
  | Process<Abi>
  | {
      /** The process under the heap. */
      readonly process: Process<Abi>;
      /**
       * Of a debug heap: functions that watch what the guest does. They are the guest's malloc
       * then.
       */
      cFunctions?(): object;
    };

/** What a guest gets besides the heap. */
export interface LinkOptions {
  /**
   * Other imports of the guest, such as WASI's, by module and name. What is given here comes first:
   * an `env.malloc` of your own is called instead of the heap's.
   */
  imports?: WebAssembly.Imports;
  /**
   * Lets the guest take the place of one that is not used any more, at the same addresses. Default
   * false.
   */
  replace?: boolean;
  /**
   * What to do about a guest that has an allocator of its own, or may have: `"refuse"` it, which is
   * the default; `"areas"` for one that takes its memory by memory.grow, as Rust's: the heap has to
   * lie above all memory that the guest begins with, and leaves alone what the guest grows;
   * `"none"` to say that the guest has none or does not use it, whatever it looks like.
   */
  ownAllocator?: OwnAllocatorChoice;
}

const OPTIONS = {
  imports: "an object of objects",
  replace: "a boolean",
  ownAllocator: "",
} as const;

/** A guest that was linked. `wasi.start` and `wasi.initialize` of node:wasi take it as it is. */
export interface Guest {
  /** The instance, as the engine made it. */
  readonly instance: WebAssembly.Instance;
  /**
   * Its exports, and the heap's memory as `memory`. Its functions are called through JavaScript
   * ones, which tell when the heap came to its end in them; tables and `WebAssembly.promising` take
   * the engine's own, `instance.exports`.
   */
  readonly exports: WebAssembly.Exports;
}

/**
 * Links a guest to a heap. Its imports `ptmalloc.malloc`, `ptmalloc.free` and so on are the heap's;
 * so are those from `env` that are named as the heap's functions are, and its memory. A guest that
 * defines its memory gets the heap's instead, when its bytes are given.
 *
 * The guest's data lies where it was linked to: the heap's `base` has to be above (`heapOptionsFor`
 * says where).
 * @param guest its bytes, which are checked before anything runs, or a module that imports its
 *   memory
 * @param heap a heap or a process, ilp32
 * @param options other imports of the guest, such as WASI's
 * @returns the instance, and its exports with the heap's memory among them
 * @throws TypeError naming an import that cannot be served, or what is wrong with the guest or the
 *   heap; RangeError when they do not fit
 *   into the memory together; WebAssembly.CompileError
 */
export async function linkGuest(
  guest: WasmSource,
  heap: GuestHost,
  options: LinkOptions = {},
): Promise<Guest> {
  const plan = planLink(guest, heap, options);
  const { prepared } = plan;
  prepared.module ??= await WebAssembly.compile(prepared.bytes!);
  const imports = importsOf(prepared.module, plan);
  const instance = await WebAssembly.instantiate(prepared.module, imports).catch(explained(plan));
  return finish(instance, plan);
}

/**
 * As `linkGuest`, without waiting. Browsers allow this on their main thread for small modules only.
 * @param guest as there
 * @param heap as there
 * @param options as there
 * @throws as `linkGuest`
 */
export function linkGuestSync(
  guest: WasmSource,
  heap: GuestHost,
  options: LinkOptions = {},
): Guest {
  const plan = planLink(guest, heap, options);
  const { prepared } = plan;
  prepared.module ??= new WebAssembly.Module(prepared.bytes!);
  const imports = importsOf(prepared.module, plan);
  let instance;
  try {
    instance = new WebAssembly.Instance(prepared.module, imports);
  } catch (error) {
    return explained(plan)(error);
  }
  return finish(instance, plan);
}

/** A guest as it is to be instantiated. */
interface Prepared {
  /** Undefined when only the module was given, and so is what follows. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  readonly binary: Binary | undefined;
  readonly info: GuestInfo | undefined;
  /** Once it is compiled. */
  module: WebAssembly.Module | undefined;
}

interface LinkPlan {
  readonly prepared: Prepared;
  readonly info: GuestInfo | undefined;
  readonly process: Process<Abi>;
  /** What serves the guest, by C's names. */
  readonly functions: Readonly<Record<string, WebAssembly.ImportValue | undefined>>;
  readonly given: WebAssembly.Imports;
}

/** Bytes that are linked again are not read and compiled again. */
const preparedBefore = new WeakMap<BufferSource, Prepared>();

function planLink(guest: WasmSource, heap: GuestHost, options: LinkOptions): LinkPlan {
  checkOptions(OPTIONS, options);
  const process = processOf(heap);
  const { imports: given = {}, replace = false, ownAllocator = "refuse" } = options;
  const watched = "cFunctions" in heap ? heap.cFunctions?.() : undefined;
  const functions = { ...process.raw, ...watched } as LinkPlan["functions"];
  if (isModule(guest)) {
    if (ownAllocator !== "none")
      throw new TypeError(
        "the guest is a compiled module: nobody can look through its code " +
          "for an allocator of its own. " +
          'Give its bytes, or say that it has none: ownAllocator: "none"',
      );
    const prepared = { bytes: undefined, binary: undefined, info: undefined, module: guest };
    return { prepared, info: undefined, process, functions, given };
  }
  if (!isBytes(guest))
    throw new TypeError(`the guest must be bytes or a WebAssembly.Module, got ${show(guest)}`);
  const prepared = preparedBefore.get(guest) ?? prepare(asBytes(guest));
  preparedBefore.set(guest, prepared);
  const info = isRenamed(prepared.binary!, given)
    ? guestOf(prepared.binary!, given)
    : prepared.info!;
  checkAllocator(info, ownAllocator, 'option "ownAllocator"');
  checkPlace(info, process, ownAllocator === "none" ? info.staticEnd : info.end, replace);
  return { prepared, info, process, functions, given };
}

/**
 * Whether what is given tells more of the imports than their names do: Emscripten has minified
 * them.
 */
function isRenamed({ imports }: Binary, given: WebAssembly.Imports): boolean {
  return imports.some(({ module, name }) => {
    const known = givenName(given[module]?.[name]);
    return known !== undefined && known !== name;
  });
}

function prepare(guest: Uint8Array): Prepared {
  const binary = readModule(guest);
  const info = guestOf(binary);
  const { memory } = info;
  const importMemory = { module: HEAP_MODULE, name: "memory" };
  const bytes = rewrite(
    guest,
    {
      // A memory does not tell its maximum, and the guest's is not needed: the heap keeps its own
      // limit.
      limits: (limits) => ({ ...limits, maximum: limits.shared ? limits.maximum : undefined }),
      ...(memory?.isImported === false ? { importMemory } : {}),
    },
    binary,
  );
  return { bytes, binary, info, module: undefined };
}

function processOf(heap: GuestHost): Process<Abi> {
  const process =
    heap !== null && typeof heap === "object" && "process" in heap ? heap.process : heap;
  if (show(process?.memory) !== "[object WebAssembly.Memory]" || process.raw === undefined)
    throw new TypeError(`the heap must come from createHeap or startProcess, got ${show(heap)}`);
  if (process.abi !== "ilp32")
    throw new TypeError(
      `the heap is ${process.abi}, where size_t has 64 bits; a wasm32 guest's has 32: ` +
        'make the heap with abi "ilp32"',
    );
  return process;
}

function importsOf(module: WebAssembly.Module, plan: LinkPlan): WebAssembly.Imports {
  const imports: WebAssembly.Imports = {};
  for (const entry of WebAssembly.Module.imports(module)) {
    (imports[entry.module] ??= {})[entry.name] = valueOf(entry, plan);
  }
  const own = WebAssembly.Module.exports(module).find(({ kind }) => kind === "memory");
  const imported = WebAssembly.Module.imports(module).some(({ kind }) => kind === "memory");
  if (own !== undefined && !imported)
    throw new TypeError(
      `the guest defines its memory (export "${own.name}"): ` +
        "give its bytes instead of a module, or link it with --import-memory",
    );
  return imports;
}

type Import = WebAssembly.ModuleImportDescriptor;

function valueOf(entry: Import, plan: LinkPlan): WebAssembly.ImportValue {
  const { process, functions, given } = plan;
  const { module, name, kind } = entry;
  const own = given[module]?.[name];
  const stoodIn = stoodInFor(own);
  if (own !== undefined && stoodIn === undefined) return checkedValue(entry, own);
  if (kind === "memory") return process.memory;
  const served = stoodIn ?? servedName({ module, name, kind });
  const value = served && (given[HEAP_MODULE]?.[served] ?? functions[served]);
  if (value) return value;
  throw new TypeError(`the guest imports the ${kind} "${module}.${name}", ${missing(module)}`);
}

/** Why nobody serves an import. */
function missing(module: string): string {
  if (module === HEAP_MODULE) return `which the heap does not have: it has ${SERVED.join(", ")}`;
  const remedy = module.startsWith("wasi")
    ? 'give it in the option "imports" (in Node.js: { wasi_snapshot_preview1: wasi.wasiImport })'
    : 'give it in the option "imports"';
  return `which is not the heap's: ${remedy}`;
}

function checkedValue({ module, name, kind }: Import, value: unknown): WebAssembly.ImportValue {
  if (kind === "function" && typeof value !== "function")
    throw new TypeError(
      `option "imports": "${module}.${name}" must be a function, got ${show(value)}`,
    );
  if (kind === "function" && module.startsWith("wasi")) return slowCall(value as AnyFunction);
  return value as WebAssembly.ImportValue;
}

type AnyFunction = (this: void, ...args: unknown[]) => unknown;

function slowCall(call: AnyFunction): AnyFunction {
  return (...args) => call(...args);
}

/**
 * Makes functions of node:wasi safe for guests whose memory grows. Until it is mended, Node.js may
 * crash when WebAssembly calls them directly: they can cause a garbage collection in a call that
 * must not (https://github.com/nodejs/node/issues/46777). `linkGuest` does this by itself; modules
 * made by `ptmalloc-wasm link` need it.
 * @param imports such as `wasi.wasiImport`
 * @returns the same functions, called through JavaScript
 */
export function slowCalls(imports: Readonly<Record<string, unknown>>): WebAssembly.ModuleImports {
  return Object.fromEntries(
    Object.entries(imports).map(([name, value]) => [
      name,
      typeof value === "function" ? slowCall(value as AnyFunction) : value,
    ]),
  ) as WebAssembly.ModuleImports;
}

/** Adds to an engine's complaint about a memory what is known of it. */
function explained({ process, info }: LinkPlan): (error: unknown) => never {
  return (error) => {
    const isLinkError = show(error) === "[object Error]" && (error as Error).name === "LinkError";
    // Else it comes from the guest's start function.
    if (!isLinkError || info !== undefined) throw caughtInGuest(process, error);
    const pages = process.memory.buffer.byteLength / WASM_PAGE_BYTES;
    const kind = isShared(process.memory) ? "shared" : "not shared";
    const limit = process.taskSize / WASM_PAGE_BYTES;
    const text = `the heap's memory has ${pages} pages, is ${kind}, its limit is ${limit} pages`;
    throw new TypeError(
      `${(error as Error).message} (${text}; give the guest's bytes for a closer look)`,
      { cause: error },
    );
  };
}

function finish(instance: WebAssembly.Instance, { process, info }: LinkPlan): Guest {
  const { memory } = process;
  const heapBase = instance.exports.__heap_base;
  if (info === undefined && show(heapBase) === "[object WebAssembly.Global]") {
    const end = Number((heapBase as WebAssembly.Global).value) >>> 0;
    // Too late to keep its data out of the heap, not too late to say so.
    if (end > process.base)
      throw new RangeError(
        `the guest's data and stack end at ${hex(end)}, above the heap's begin ` +
          `${hex(process.base)}, and may have damaged it: ` +
          `make the heap with base: ${Math.ceil(end / PAGE_BYTES) * PAGE_BYTES} or more`,
      );
  }
  if (info !== undefined) settle(info, memory);
  return { instance, exports: { ...guardExports(instance.exports, process), memory } };
}
