// What a heap script sees of the WebAssembly side: a process laid out like the native one that
// recorded the goldens, and its calls and memory in unsigned BigInt words, whatever the layout.

import { HeapAbort } from "../../src/process/failures.js";
import { startProcessSync } from "../../src/process/process.js";
import type { Process } from "../../src/process/process.js";
import type { GlibcName } from "../../src/binary/glibc.js";
import type { Abi } from "../../src/layout/address.js";
import type { FieldLayout, StructLayout } from "../../src/layout/struct.js";
import { Tunable } from "../../src/layout/generated.js";

/** How a call is exported: numbers and BigInts in, a number, a BigInt or nothing out. */
type RawCall = (...args: (number | bigint)[]) => number | bigint | undefined;

/**
 * Where the heap begins: a multiple of 64 MiB as in the native program (thread heaps are found by
 * that alignment).
 */
const START_BRK = 0x4000000;
/**
 * Where mappings are searched from, downwards: as aligned, and far enough above the heap; no
 * farther, because engines collect garbage for every large memory.
 */
const MMAP_BASE = 0x18000000;
/** What lies so far above the heap's beginning, bytes, is none of it. */
export const HEAP_REACH = 0x8000000n;
/**
 * The addresses of the native ilp32 program, for scripts whose results depend on them. Takes a
 * memory of more than 1.4 GiB.
 */
const NATIVE_ILP32 = { startBrk: 0x58000000, ref: 0xf0000000 };
const PAGE = 4096n;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FIXED = 0x10;
const PROT_READ_WRITE = 3;

/** The process touched memory that is not there, as SIGSEGV would say. */
export class BadAddress extends Error {
  override readonly name = "BadAddress";
}

/** Sets tunables as glibc does: what is out of range or unknown is ignored. */
function setTunables(text: string, abi: Abi, set: RawCall): void {
  for (const item of text.split(":")) {
    const [, name, value] = /^glibc\.malloc\.(\w+)=(.*)$/.exec(item) ?? [];
    if (name === undefined || value === undefined) continue;
    const id = Tunable[name.toUpperCase() as keyof typeof Tunable];
    const octal = /^0[0-7]+$/.test(value);
    const parsed = value.startsWith("-")
      ? -BigInt(value.slice(1))
      : BigInt(octal ? `0o${value.slice(1)}` : value);
    const unsigned = BigInt.asUintN(64, parsed);
    set(id, abi === "lp64" ? unsigned : Number(BigInt.asIntN(32, unsigned)));
  }
}

/** A binary's struct: versions of glibc differ in which fields there are. */
type Shape = Pick<StructLayout, "size" | "fields">;

/** How a process begins, beyond its layout. */
export interface MachineOptions {
  /** As in GLIBC_TUNABLES. */
  tunables?: string;
  /** Which binary: "core", or "checked" to have the whole-heap checker watch. */
  build?: "core" | "checked";
  /** Where the heap begins, if that matters. */
  startBrk?: number;
  /** Which glibc it is to be; "2.36" without. */
  glibc?: GlibcName;
}

/** What starts a process of another glibc than 2.36. */
export function optionsOf(glibc: GlibcName = "2.36"): { glibc?: GlibcName } {
  return glibc === "2.36" ? {} : { glibc };
}

/** A fresh process and everything that scripts do with it. */
export class Machine {
  readonly abi: Abi;
  /** Bytes in a word. */
  readonly wordBytes: bigint;
  readonly heap: bigint;
  readonly arena: bigint;
  readonly ref: bigint;
  readonly #process: Process;
  readonly #raw: Record<string, RawCall>;
  #wall = 0n;

  constructor(abi: Abi, options: MachineOptions = {}) {
    const { tunables = "", build = "core", startBrk = START_BRK, glibc } = options;
    this.abi = abi;
    this.wordBytes = abi === "lp64" ? 8n : 4n;
    this.ref = BigInt(startBrk === START_BRK ? MMAP_BASE : NATIVE_ILP32.ref);
    // The recording machine's huge pages; its i386 glibc took no notice of transparent ones
    // (hugetlb=1 changed nothing).
    const hasTransparent = abi === "lp64" || glibc !== undefined;
    const hugePages = { transparent: hasTransparent ? 2 ** 21 : 0, standard: 2 ** 21 };
    const base = startBrk - 65536;
    this.#process = startProcessSync({
      ...{ abi, build, base, startBrk, mmapBase: Number(this.ref), layout: "top-down" },
      hugePages,
      ...optionsOf(glibc),
    });
    this.#raw = this.#process.raw as unknown as Record<string, RawCall>;
    setTunables(tunables, abi, this.#function("set_tunable"));
    this.heap = BigInt(startBrk);
    // Natively a library lies there: what is mapped right below cannot grow in place.
    this.#map(this.ref, PAGE, 0, MAP_PRIVATE_ANONYMOUS | MAP_FIXED);
    this.arena = BigInt(Number(this.#function("main_arena")()) >>> 0);
  }

  /** Bytes of main_arena. */
  get arenaBytes(): bigint {
    return BigInt(this.#struct("MallocState").size);
  }

  /** The address of one of main_arena's fields; undefined where this glibc has none of the name. */
  arenaField(name: string): bigint | undefined {
    const field = this.#struct("MallocState").fields[name];
    return field && this.arena + BigInt(field.offset);
  }

  /** The tcache's address; 0 while there is none. What stands in for it then is not in the heap. */
  get tcache(): bigint {
    const { offset } = this.#field("ThreadData", "tcache");
    const tcache = BigInt(this.load32(BigInt(this.#process.places.threads + offset)));
    return tcache < this.heap ? 0n : tcache;
  }

  /** Which bins of a tcache there are, and their counters: they count blocks or free places. */
  get tcacheBins(): { counter: bigint; entries: bigint; count: number; countsSlots: boolean } {
    const { numSlots, counts, entries } = this.#struct("TcachePerthreadStruct").fields;
    const counter = numSlots ?? counts;
    if (counter?.count === undefined || entries === undefined)
      throw new Error("the binary has no tcache of glibc's");
    return {
      counter: BigInt(counter.offset),
      entries: BigInt(entries.offset),
      count: counter.count,
      countsSlots: numSlots !== undefined,
    };
  }

  /** How many blocks a bin of the tcache takes. */
  get tcacheCount(): bigint {
    const { offset } = this.#field("MallocPar", "tcacheCount");
    return this.load(BigInt(this.#process.places.mallocPar + offset));
  }

  /** A value wrapped to the word. */
  wrap(value: bigint): bigint {
    return BigInt.asUintN(this.abi === "lp64" ? 64 : 32, value);
  }

  /** Calls an export whose arguments and result are words. */
  call(name: string, ...args: bigint[]): bigint {
    const result = this.#function(name)(...args.map((a) => this.#pass(a)));
    return result === undefined ? 0n : this.wrap(BigInt(result));
  }

  /** Calls an export that takes ints and returns one. */
  callInt(name: string, ...args: bigint[]): number {
    const result = this.#function(name)(...args.map((a) => Number(BigInt.asIntN(32, a))));
    return Number(result ?? 0) | 0;
  }

  /** Calls an export that takes words and returns an int. */
  callStatus(name: string, ...args: bigint[]): number {
    return Number(BigInt.asIntN(32, this.call(name, ...args)));
  }

  /** The 256 bytes for results that C functions write through a pointer. */
  get scratch(): bigint {
    return BigInt(Number(this.#function("scratch")()) >>> 0);
  }

  get errno(): number {
    return this.#view(this.call("__errno_location"), 4).getInt32(0, true);
  }

  set errno(value: number) {
    this.#view(this.call("__errno_location"), 4).setInt32(0, value, true);
  }

  load(address: bigint): bigint {
    const view = this.#view(address, Number(this.wordBytes));
    return this.abi === "lp64" ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
  }

  store(address: bigint, value: bigint): void {
    const view = this.#view(address, Number(this.wordBytes));
    if (this.abi === "lp64") view.setBigUint64(0, value, true);
    else view.setUint32(0, Number(value), true);
  }

  load16(address: bigint): number {
    return this.#view(address, 2).getUint16(0, true);
  }

  store16(address: bigint, value: number): void {
    this.#view(address, 2).setUint16(0, value, true);
  }

  load32(address: bigint): number {
    return this.#view(address, 4).getUint32(0, true);
  }

  bytes(address: bigint, count: bigint): Uint8Array {
    const view = this.#view(address, Number(count));
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  }

  /** The program's own mapping: private, anonymous, readable and writable. */
  map(length: bigint): bigint {
    return this.#map(0n, length, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS);
  }

  /** Maps a page above the break, so that it cannot grow over it. */
  blockBrk(offset: bigint): void {
    const end = (this.call("sbrk", 0n) + PAGE - 1n) & ~(PAGE - 1n);
    this.#wall = end + offset;
    const got = this.#map(this.#wall, PAGE, 0, MAP_PRIVATE_ANONYMOUS | MAP_FIXED);
    if (got !== this.#wall) throw new Error("the page above the break is taken");
  }

  unblockBrk(): void {
    if (this.callStatus("munmap", this.#wall, PAGE) !== 0) throw new Error("munmap failed");
  }

  /**
   * How a failure ends the process, in the words of the native program; undefined when it is not
   * one of the process's.
   */
  static deathOf(error: unknown): string | undefined {
    if (error instanceof HeapAbort) return `abort: ${error.abortMessage}`;
    if (error instanceof BadAddress) return "signal 11";
    if (error instanceof WebAssembly.RuntimeError) {
      return /out of bounds/.test(error.message) ? "signal 11" : `trap: ${error.message}`;
    }
    return undefined;
  }

  #struct(name: string): Shape {
    const shape = (this.#process.structs as Readonly<Record<string, Shape>>)[name];
    if (shape === undefined) throw new Error(`the binary has no struct ${name}`);
    return shape;
  }

  #field(struct: string, name: string): FieldLayout {
    const field = this.#struct(struct).fields[name];
    if (field === undefined) throw new Error(`${struct} has no field ${name}`);
    return field;
  }

  #map(address: bigint, length: bigint, prot: number, flags: number): bigint {
    const [word, size, zero] = [address, length, 0n].map((v) => this.#pass(v)) as [
      number | bigint,
      number | bigint,
      number | bigint,
    ];
    return this.wrap(BigInt(this.#function("mmap")(word, size, prot, flags, -1, zero) ?? 0));
  }

  #pass(value: bigint): number | bigint {
    return this.abi === "lp64" ? BigInt.asUintN(64, value) : Number(BigInt.asIntN(32, value));
  }

  #function(name: string): RawCall {
    const found = this.#raw[name];
    if (found === undefined) throw new Error(`the binary has no export ${name}`);
    return found;
  }

  #view(address: bigint, length: number): DataView {
    const { buffer } = this.#process.memory;
    if (address < 4096n || address + BigInt(length) > BigInt(buffer.byteLength)) {
      throw new BadAddress(`0x${address.toString(16)}`);
    }
    return new DataView(buffer, Number(address), length);
  }
}
