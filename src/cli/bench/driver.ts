// A contestant that is a module with the loop beside its allocator: compiled of
// bench/native/driver.c, or of driver.rs, which has the same exports.

import { wordBytes } from "../../layout/address.js";
import type { LabTrace, Racer, RacerHeap, Slices } from "./contestant.js";
import { timedPass, timedSlices, timedStartUp } from "./slices.js";

/** Exports of the driver; see driver.c. Addresses are signed. */
export interface DriverExports {
  readonly memory: WebAssembly.Memory;
  _initialize?(): void;
  area_begin(): number;
  load(operations: number, slots: number, expected: number): void;
  readonly replay: (begin: number, end: number) => number;
  drain(): void;
  refusals(): number;
  first(): number;
}

/** Sizes of the area that modules are made with, MiB. */
const AREAS = [1, 16, 256] as const;

/**
 * @param make gives the module whose area has so many MiB
 * @param version of what it is made of, in words
 * @param slotBytes bytes of an entry of its block table
 * @returns the contestant, ready, with the smallest area; larger ones are made for traces that need
 *   them
 * @throws WebAssembly.CompileError; what `make` throws
 */
export function driverRacer(
  make: (area: number) => Uint8Array,
  version: string,
  slotBytes: number = wordBytes("ilp32"),
): Racer {
  const modules = new Map<number, WebAssembly.Module>();
  const moduleOf = (area: number, bytes = make(area)): WebAssembly.Module => {
    const module = modules.get(area) ?? new WebAssembly.Module(new Uint8Array(bytes));
    modules.set(area, module);
    return module;
  };
  const code = make(AREAS[0]);
  moduleOf(AREAS[0], code);
  return {
    version,
    code,
    start(trace) {
      const plan = planOf(trace, slotBytes);
      return new DriverHeap(moduleOf(areaFor(trace, plan.bytes)), trace, plan);
    },
    startUp: () =>
      timedStartUp(code, (fresh) => {
        const exports = driverInstance(fresh);
        exports._initialize?.();
        if (exports.first() === 0) throw new Error("it has not even 24 bytes");
      }),
  };
}

/** Where in the area what is. */
interface Plan {
  readonly ops: Uint8Array<ArrayBuffer>;
  readonly expected: Uint32Array<ArrayBuffer>;
  /** Where the list of expected refusals is. */
  readonly list: number;
  /** All of it. */
  readonly bytes: number;
}

function planOf(lab: LabTrace, slotBytes: number): Plan {
  const ops = lab.ops("ilp32");
  const expected = expectedRefusals(lab);
  const list = rounded(ops.length) + rounded(lab.trace.slots * slotBytes);
  return { ops, expected, list, bytes: list + expected.byteLength };
}

/** @returns MiB of the smallest area with room for a trace. @throws Error where none has it */
function areaFor({ name, trace }: LabTrace, bytes: number): number {
  const area = AREAS.find((size) => bytes <= size << 20);
  if (area !== undefined) return area;
  throw new Error(
    `${name}: ${trace.count} operations and ${trace.slots} ids need ${bytes} bytes; a module in C ` +
      `or Rust has room for ${AREAS.at(-1)! << 20}`,
  );
}

class DriverHeap implements RacerHeap {
  readonly #exports: DriverExports;
  readonly #operations: number;
  readonly #bytesAtStart: number;

  constructor(module: WebAssembly.Module, { trace }: LabTrace, plan: Plan) {
    this.#exports = driverInstance(module);
    this.#operations = trace.count;
    this.#bytesAtStart = this.#exports.memory.buffer.byteLength;
    this.#exports._initialize?.();
    const area = this.#exports.area_begin() >>> 0;
    const memory = new Uint8Array(this.#exports.memory.buffer);
    // All of it, the table too: the first use of a page is no part of the first pass.
    memory.fill(0, area, area + plan.bytes);
    memory.set(plan.ops, area);
    memory.set(new Uint8Array(plan.expected.buffer), area + plan.list);
    this.#exports.load(trace.count, trace.slots, plan.expected.length);
  }

  pass(): number {
    return timedPass(this.#exports.replay, this.#operations);
  }

  drain(): void {
    this.#exports.drain();
  }

  slices(count: number): Slices {
    const { memory, replay } = this.#exports;
    const held = (): number => memory.buffer.byteLength - this.#bytesAtStart;
    return timedSlices(replay, this.#operations, count, held);
  }

  get refused(): number {
    return this.#exports.refusals();
  }

  close(): void {
    // The engine collects it.
  }
}

/** @returns the indices of operations that this package's heap refuses, in ascending order */
export function expectedRefusals({ outcome }: LabTrace): Uint32Array<ArrayBuffer> {
  const indices = new Uint32Array(outcome.refusedCount);
  let count = 0;
  outcome.refused.forEach((isRefused, index) => {
    if (isRefused === 1) indices[count++] = index;
  });
  return indices;
}

/** Parts of the area begin at multiples of so many bytes. */
const PART_BYTES = 16;

function rounded(bytes: number): number {
  return Math.ceil(bytes / PART_BYTES) * PART_BYTES;
}

/**
 * @returns the exports of an instance of a driver's module, before it is initialised
 * @throws WebAssembly.LinkError
 */
export function driverInstance(module: WebAssembly.Module): DriverExports {
  const host: Host = { memory: null };
  const { exports } = new WebAssembly.Instance(module, importsOf(module, host));
  const driver = exports as unknown as DriverExports;
  host.memory = driver.memory;
  return driver;
}

/** What the imports work on: the memory is there once the instance is. */
interface Host {
  memory: WebAssembly.Memory | null;
}

/** WASI's "function not supported". */
const ENOSYS = 52;

/**
 * A system without files, environment and arguments, but with a clock: mimalloc asks for all of
 * them.
 */
function importsOf(module: WebAssembly.Module, host: Host): WebAssembly.Imports {
  const view = (): DataView => new DataView(host.memory!.buffer);
  const known: Readonly<Record<string, (...args: never[]) => unknown>> = {
    environ_get: () => 0,
    environ_sizes_get(count: number, bytes: number) {
      view().setUint32(count, 0, true);
      view().setUint32(bytes, 0, true);
      return 0;
    },
    clock_time_get(_clock: number, _precision: bigint, time: number) {
      view().setBigUint64(time, process.hrtime.bigint(), true);
      return 0;
    },
    sched_yield: () => 0,
    proc_exit(code: number): never {
      throw new Error(`the allocator ended the program (${code})`);
    },
    emscripten_notify_memory_growth: () => undefined,
  };
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module))
    (imports[from] ??= {})[name] = known[name] ?? (() => ENOSYS);
  return imports;
}
