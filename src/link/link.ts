// Instantiates a guest over a heap: the guest's memory is the heap's, and its malloc the heap's own export, with no JavaScript in between.

import { show } from "../host/checks.js";
import { PAGE_BYTES, WASM_PAGE_BYTES } from "../host/options.js";
import { isShared } from "../host/memory-option.js";
import type { Process } from "../host/process.js";
import { isBytes, isModule } from "../host/realm.js";
import type { WasmSource } from "../host/load.js";
import type { Abi } from "../layout/address.js";
import { readModule } from "./binary.js";
import {
  asBytes,
  guestOf,
  HEAP_MODULE,
  hex,
  isServed,
  overlap,
  overlapError,
  SERVED,
} from "./guest.js";
import type { GuestInfo } from "./guest.js";
import { rewrite } from "./rewrite.js";

/** A heap, as `createHeap` makes it, or a process, as `startProcess` does. */
export type GuestHost =
  | Process<Abi>
  | {
      /** The process under the heap. */
      readonly process: Process<Abi>;
    };

/** What a guest gets besides the heap. */
export interface LinkOptions {
  /**
   * Other imports of the guest, such as WASI's, by module and name. What is given here comes first: an `env.malloc` of your own is called instead of
   * the heap's.
   */
  imports?: WebAssembly.Imports;
  /** Lets the guest take the place of one that is not used any more: they are linked to the same addresses. Default false. */
  replace?: boolean;
}

/** A guest that was linked. `wasi.start` and `wasi.initialize` of node:wasi take it as it is. */
export interface Guest {
  /** The instance, as the engine made it. */
  readonly instance: WebAssembly.Instance;
  /** Its exports, and the heap's memory as `memory`. */
  readonly exports: WebAssembly.Exports;
}

/** Where guests lie in a memory, as far as they were linked here. */
const residents = new WeakMap<WebAssembly.Memory, GuestInfo[]>();

/**
 * Links a guest to a heap. Its imports `ptmalloc.malloc`, `ptmalloc.free` and so on are the heap's; so are those from `env` that are named as the
 * heap's functions are, and its memory. A guest that defines its memory gets the heap's instead, when its bytes are given.
 *
 * The guest's data lies where it was linked to: the heap's `base` has to be above (`heapOptionsFor` says where).
 * @param guest its bytes, which are checked before anything runs, or a module that imports its memory
 * @param heap a heap or a process, ilp32
 * @param options other imports of the guest, such as WASI's
 * @returns the instance, and its exports with the heap's memory among them
 * @throws TypeError naming an import that cannot be served, or what is wrong with the guest or the heap; RangeError when they do not fit
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
  /** Undefined when only the module was given, and so is `info`. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  readonly info: GuestInfo | undefined;
  /** Once it is compiled. */
  module: WebAssembly.Module | undefined;
}

interface LinkPlan {
  readonly prepared: Prepared;
  readonly process: Process<Abi>;
  readonly given: WebAssembly.Imports;
}

/** Bytes that are linked again are not read and compiled again. */
const preparedBefore = new WeakMap<BufferSource, Prepared>();

function planLink(guest: WasmSource, heap: GuestHost, options: LinkOptions): LinkPlan {
  const process = processOf(heap);
  const { imports: given = {}, replace = false } = options;
  if (typeof given !== "object" || given === null)
    throw new TypeError(`option "imports" must be an object of objects, got ${show(given)}`);
  if (isModule(guest))
    return { prepared: { bytes: undefined, info: undefined, module: guest }, process, given };
  if (!isBytes(guest))
    throw new TypeError(`the guest must be bytes or a WebAssembly.Module, got ${show(guest)}`);
  const prepared = preparedBefore.get(guest) ?? prepare(asBytes(guest));
  preparedBefore.set(guest, prepared);
  checkPlace(prepared.info!, process, replace);
  return { prepared, process, given };
}

function prepare(guest: Uint8Array): Prepared {
  const binary = readModule(guest);
  const info = guestOf(binary);
  checkGuest(info);
  const { memory } = info;
  const importMemory = { module: HEAP_MODULE, name: "memory" };
  const bytes = rewrite(
    guest,
    {
      // A memory does not tell its maximum, and the guest's is not needed: the heap keeps its own limit.
      limits: (limits) => ({ ...limits, maximum: limits.shared ? limits.maximum : undefined }),
      ...(memory?.isImported === false ? { importMemory } : {}),
    },
    binary,
  );
  return { bytes, info, module: undefined };
}

function processOf(heap: GuestHost): Process<Abi> {
  const process =
    heap !== null && typeof heap === "object" && "process" in heap ? heap.process : heap;
  if (!(process?.memory instanceof WebAssembly.Memory) || process.raw === undefined)
    throw new TypeError(`the heap must come from createHeap or startProcess, got ${show(heap)}`);
  if (process.abi !== "ilp32")
    throw new TypeError(
      `the heap is ${process.abi}, where size_t has 64 bits; a wasm32 guest's has 32: make the heap with abi "ilp32"`,
    );
  return process;
}

/** Refuses a guest that has another allocator in it. */
export function checkGuest(info: GuestInfo): void {
  if (info.ownAllocator === undefined) return;
  const remedy =
    info.imports.length > 0
      ? "some of its calls go there and some to the heap: compile guest/ptmalloc.c into it (see docs/guests.md)"
      : "compile guest/ptmalloc.c into it, or see docs/guests.md for other languages";
  throw new TypeError(
    `the guest brings an allocator of its own (it has a function "${info.ownAllocator}"): ${remedy}`,
  );
}

function checkPlace(info: GuestInfo, process: Process<Abi>, replace: boolean): void {
  const { memory } = info;
  if (memory === undefined) return;
  const shared = isShared(process.memory);
  if (memory.shared !== shared)
    throw new TypeError(
      memory.shared
        ? "the guest wants a shared memory, the heap's is not: make the heap with threads: true"
        : "the heap's memory is shared, the guest wants one that is not: compile it with threads (wasm-ld: --shared-memory)",
    );
  if (info.end > process.base)
    throw new RangeError(
      `the guest's data and stack end at ${hex(info.end)}, the heap begins at ${hex(process.base)}: ` +
        `make the heap with base: ${Math.ceil(info.end / PAGE_BYTES) * PAGE_BYTES} or more (heapOptionsFor says what fits)`,
    );
  const pages = process.memory.buffer.byteLength / WASM_PAGE_BYTES;
  if (memory.initial > pages)
    throw new RangeError(
      `the guest wants a memory of at least ${memory.initial} pages, the heap's has ${pages}: ` +
        `make the heap with initialPages: ${memory.initial}`,
    );
  if (memory.shared && (memory.maximum ?? 0) * WASM_PAGE_BYTES < process.taskSize)
    throw new RangeError(
      `the guest allows a shared memory of at most ${memory.maximum} pages, the heap's may have ` +
        `${Math.ceil(process.taskSize / WASM_PAGE_BYTES)}: make the heap with maximumPages: ${memory.maximum}`,
    );
  const other = residents.get(process.memory)?.find((resident) => overlap(resident, info));
  if (other !== undefined && !replace) {
    const error = overlapError("this guest and one that is in the memory already", other, info);
    error.message += '; option "replace" is for a guest that takes the place of another';
    throw error;
  }
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
      `the guest defines its memory (export "${own.name}"): give its bytes instead of a module, or link it with --import-memory`,
    );
  return imports;
}

type Import = WebAssembly.ModuleImportDescriptor;

function valueOf(entry: Import, { process, given }: LinkPlan): WebAssembly.ImportValue {
  const { module, name, kind } = entry;
  const own = given[module]?.[name];
  if (own !== undefined) return checkedValue(entry, own);
  if (kind === "memory") return process.memory;
  if (isServed({ module, name, kind })) {
    const functions = process.raw as unknown as Record<string, WebAssembly.ImportValue | undefined>;
    const served = functions[name];
    if (served !== undefined) return served;
  }
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
 * Makes functions of node:wasi safe for guests whose memory grows. Until it is mended, Node.js may crash when WebAssembly calls them
 * directly: they can cause a garbage collection in a call that must not (https://github.com/nodejs/node/issues/46777). `linkGuest` does this by
 * itself; modules made by `ptmalloc-wasm link` need it.
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
function explained({ process, prepared }: LinkPlan): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof WebAssembly.LinkError) || prepared.info !== undefined) throw error;
    const pages = process.memory.buffer.byteLength / WASM_PAGE_BYTES;
    const kind = isShared(process.memory) ? "shared" : "not shared";
    const text = `the heap's memory has ${pages} pages, is ${kind}, and its limit is ${process.taskSize / WASM_PAGE_BYTES} pages`;
    throw new TypeError(`${error.message} (${text}; give the guest's bytes for a closer look)`, {
      cause: error,
    });
  };
}

function finish(instance: WebAssembly.Instance, { process, prepared }: LinkPlan): Guest {
  const { memory } = process;
  const { info } = prepared;
  const { __heap_base: heapBase } = instance.exports;
  if (info === undefined && heapBase instanceof WebAssembly.Global) {
    const end = Number(heapBase.value) >>> 0;
    // Too late to keep its data out of the heap, not too late to say so.
    if (end > process.base)
      throw new RangeError(
        `the guest's data and stack end at ${hex(end)}, above the heap's begin ${hex(process.base)}, and may have damaged it: ` +
          `make the heap with base: ${Math.ceil(end / PAGE_BYTES) * PAGE_BYTES} or more`,
      );
  }
  if (info?.memory !== undefined) {
    const others = residents.get(memory) ?? [];
    residents.set(memory, [...others.filter((other) => !overlap(other, info)), info]);
  }
  const exports = { ...instance.exports, memory };
  return { instance, exports };
}
