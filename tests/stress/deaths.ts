// A process of several threads in one JavaScript thread, over the build that calls the host in
// front of every store: a thread dies at a chosen store, by an exception that leaves its instance
// for ever. What the other threads find is what they would after a kill there.

import { readFileSync } from "node:fs";
import type { RawExports, Word } from "../../src/binary/exports.js";
import type { Abi } from "../../src/layout/address.js";
import { Burial, Tunable, layouts } from "../../src/layout/generated.js";
import { firstOther } from "../support/bytes.js";
import type { Prng } from "../support/prng.js";

const BASE = 65536;
const MMAP_BASE = 0x400_0000;
const FRESH = 4;

/** What the crash build exports. */
interface Raw extends RawExports<Abi, "threads"> {
  /** How many locks this thread holds. */
  locks_held(this: void): number;
}

/** Thrown in a dying thread's way. */
export class Death extends Error {
  readonly point: number;

  constructor(point: number) {
    super(`died at point ${point}`);
    this.point = point;
  }
}

/** The build for deaths in a profile. */
export type CrashBuild = "crash" | "crash-throughput";

const modules = new Map<string, WebAssembly.Module>();

function moduleOf(build: CrashBuild, abi: Abi): WebAssembly.Module {
  const name = `${build}.${abi}`;
  let module = modules.get(name);
  if (module === undefined) {
    const file = new URL(`../../build/${name}.wasm`, import.meta.url);
    module = new WebAssembly.Module(readFileSync(file));
    modules.set(name, module);
  }
  return module;
}

/** The function that each point is in. */
export function pointsOf(build: CrashBuild, abi: Abi): string[] {
  const [section] = WebAssembly.Module.customSections(moduleOf(build, abi), "crash");
  return new TextDecoder().decode(section).split("\n");
}

/** A block that somebody has: every byte of it is `mark`. */
interface Held {
  bytes: number;
  mark: number;
}

export interface Repair {
  systemCalls: number;
  listLocks: number;
  arenasMended: number;
  arenasRetired: number;
  blocksReturned: number;
}

/** A thread, and the blocks that it, or those who had its place before, got. */
interface Thread {
  raw: Raw;
  number: number;
  blocks: Map<number, Held>;
}

/**
 * The memory's maximum, pages of 64 KiB, and the extensions: whether frees are queued, what tcaches
 * keep of large blocks, bytes.
 */
export interface CrowdMemory {
  build: CrashBuild;
  pages: number;
  queuesFrees: boolean;
  largeTcache: number;
}

export class Crowd {
  readonly abi: Abi;
  readonly build: CrashBuild;
  readonly random: Prng;
  readonly memory: WebAssembly.Memory;
  readonly largeTcache: number;
  readonly threads: Thread[] = [];
  /** Bytes of the blocks that the call under way gets or gives back. */
  inFlight = 0;
  /** Bytes that the program took from the break at most, which main_arena counts as used. */
  foreignBytes = 0;
  /** Called in front of every store of any thread. */
  atStore: ((point: number, raw: Raw) => void) | undefined;
  #word: (value: number) => Word<Abi>;

  constructor(abi: Abi, random: Prng, memory: CrowdMemory, threads: number) {
    const { build, pages, queuesFrees, largeTcache } = memory;
    this.build = build;
    this.largeTcache = largeTcache;
    this.abi = abi;
    this.random = random;
    this.#word = abi === "lp64" ? BigInt : Number;
    this.memory = new WebAssembly.Memory({ initial: 32, maximum: pages, shared: true });
    const raw = this.#instance();
    const startBrk = BASE + (raw.kernel_bytes() >>> 0);
    const error = raw.initialize(BASE, startBrk, MMAP_BASE, pages * 65536, FRESH);
    if (error !== 0) throw new Error(`initialize: ${error}`);
    raw.share(1);
    // Whoever waits longer than that waits for a dead thread.
    raw.set_patience(500);
    raw.set_queued_frees(queuesFrees ? 1 : 0);
    raw.set_large_tcache(largeTcache);
    this.threads.push({ raw, number: 0, blocks: new Map() });
    for (let index = 1; index < threads; index++) this.threads.push(this.#join(new Map()));
  }

  /** A thread's exports, of the one in place `index`. */
  raw(index: number): Raw {
    return this.threads[index]!.raw;
  }

  #instance(): Raw {
    const self: { raw?: Raw } = {};
    const env = {
      memory: this.memory,
      crash_point: (point: number) => {
        if (self.raw !== undefined) this.atStore?.(point, self.raw);
      },
    };
    const fail = (code: number, address: number): never => {
      throw new Error(`failure ${code} at 0x${(address >>> 0).toString(16)}`);
    };
    const { exports } = new WebAssembly.Instance(moduleOf(this.build, this.abi), {
      env,
      host: { fail },
    });
    self.raw = exports as unknown as Raw;
    return self.raw;
  }

  #join(blocks: Map<number, Held>): Thread {
    const raw = this.#instance();
    const number = raw.attach(BASE);
    if (number < 0) throw new Error(`attach: ${number}`);
    raw.share(1);
    return { raw, number, blocks };
  }

  #fill(block: number, { bytes, mark }: Held): void {
    new Uint8Array(this.memory.buffer, block, bytes).fill(mark);
  }

  /** @throws Error when a block is not as its holder left it */
  #check(block: number, { bytes, mark }: Held, length = bytes): void {
    const bad = firstOther(new Uint8Array(this.memory.buffer, block, length), mark);
    if (bad >= 0)
      throw new Error(`block 0x${block.toString(16)} of ${bytes} bytes: byte ${bad} was changed`);
  }

  /** @throws Error when `block` overlaps one that somebody has: then it was given out twice */
  #keep(thread: Thread, block: number, bytes: number): void {
    if (block === 0) return;
    const held = { bytes, mark: this.random.int(0, 255 - 1) + 1 };
    this.#fill(block, held);
    thread.blocks.set(block, held);
  }

  /** One call of thread `index`, chosen at random. */
  step(index: number): void {
    const thread = this.threads[index]!;
    const { random } = this;
    const kind = random.int(0, 40 - 1);
    if (kind === 0) return this.#rare(thread);
    if (kind < 22 || thread.blocks.size === 0) return this.#allocate(thread);
    const [block, held] = this.#anyBlock(thread);
    this.#check(block, held);
    thread.blocks.delete(block);
    this.inFlight = held.bytes;
    if (kind < 27) this.#resize(thread, block, held);
    else thread.raw.free(this.#word(block));
  }

  #anyBlock(thread: Thread): [number, Held] {
    // Mostly one's own, now and then somebody else's.
    const owner = this.random.int(0, 6 - 1) === 0 ? this.random.pick(this.threads) : thread;
    const from = owner.blocks.size > 0 ? owner : thread;
    const key = this.random.pick([...from.blocks.keys()]);
    const held = from.blocks.get(key)!;
    from.blocks.delete(key);
    thread.blocks.set(key, held);
    return [key, held];
  }

  #size(): number {
    const { random } = this;
    const kind = random.int(0, 30 - 1);
    if (kind === 0) return random.int(0, 400_000 - 1);
    if (kind < 4) return random.int(0, 20_000 - 1);
    return kind < 10 ? random.int(0, 3000 - 1) : random.int(0, 500 - 1);
  }

  #allocate(thread: Thread): void {
    const { raw } = thread;
    const bytes = this.#size();
    this.inFlight = bytes;
    const kind = this.random.int(0, 10 - 1);
    let block: number;
    if (kind === 0) {
      block = Number(raw.calloc(this.#word(1), this.#word(bytes)));
      if (block !== 0) this.#check(block, { bytes, mark: 0 });
    } else if (kind === 1) {
      block = Number(raw.memalign(this.#word(32 << this.random.int(0, 7)), this.#word(bytes)));
    } else {
      block = Number(raw.malloc(this.#word(bytes)));
    }
    this.#keep(thread, block, bytes);
  }

  #resize(thread: Thread, block: number, held: Held): void {
    const bytes = this.#size() + 1;
    this.inFlight += bytes;
    const moved = Number(thread.raw.realloc(this.#word(block), this.#word(bytes)));
    if (moved === 0) {
      thread.blocks.set(block, held);
      return;
    }
    this.#check(moved, held, Math.min(bytes, held.bytes));
    this.#keep(thread, moved, bytes);
  }

  /** The calls that are seldom made. */
  #rare(thread: Thread): void {
    const { raw } = thread;
    // A block of tcache's at most, which is on its way.
    this.inFlight = 0;
    const kind = this.random.int(0, 6 - 1);
    if (kind === 0) raw.malloc_trim(this.#word(0));
    else if (kind === 1) raw.mallopt(1, this.random.pick([0, 64, 80]));
    else if (kind === 2) raw.mallinfo2(this.#word(raw.scratch() >>> 0));
    else if (kind === 3) this.#takeBreak(raw);
    else if (thread.number !== 0) this.#replace(thread);
  }

  /** Memory of the program's own, from the break: it counts as main_arena's, with a fence. */
  #takeBreak(raw: Raw): void {
    const bytes = 4096 * this.random.int(0, 2);
    this.foreignBytes += bytes === 0 ? 0 : bytes + 64;
    raw.sbrk(this.#word(bytes));
  }

  /** Thread 0's exports. */
  get first(): Raw {
    return this.raw(0);
  }

  /** Sets tunables, before the first allocation. */
  setTunables(tunables: Partial<Record<keyof typeof Tunable, number>>): void {
    for (const [name, value] of Object.entries(tunables))
      this.first.set_tunable(Tunable[name as keyof typeof Tunable], this.#word(value));
  }

  /** A call of thread `index` whose block nobody looks after. */
  malloc(index: number, bytes: number): number {
    return Number(this.raw(index).malloc(this.#word(bytes)));
  }

  calloc(index: number, bytes: number): number {
    return Number(this.raw(index).calloc(this.#word(1), this.#word(bytes)));
  }

  free(index: number, block: number): void {
    this.raw(index).free(this.#word(block));
  }

  /** Fills the tcache of thread `index` with blocks of all its sizes, about 200 KB. */
  fillTcache(index: number): void {
    const raw = this.raw(index);
    const blocks: (number | bigint)[] = [];
    for (let bytes = 24; bytes <= 1000; bytes += 16)
      for (let count = 0; count < 7; count++) blocks.push(raw.malloc(this.#word(bytes)));
    for (const block of blocks) raw.free(block);
  }

  /** Ends thread `index`, for ever. */
  end(index: number): void {
    this.threads[index]!.raw.thread_exit();
  }

  /** The thread ends, and another one takes its place. */
  #replace(thread: Thread): void {
    thread.raw.thread_exit();
    Object.assign(thread, this.#join(thread.blocks));
  }

  /**
   * Lets thread `by` bury threads that have died, in whichever order they can be, and puts new ones
   * in their places.
   */
  buryAll(indexes: readonly number[], by: number): void {
    const left = [...indexes];
    for (let tries = 0; left.length > 0; tries++) {
      if (tries > 2 * indexes.length) throw new Error("they wait for each other");
      const index = left.shift()!;
      if (!this.#isAlive(index)) this.threads[index] = this.#join(this.threads[index]!.blocks);
      else if (this.#tryToBury(index, by) === undefined) left.push(index);
    }
  }

  /** Lets thread `by` bury thread `index`, which has died, and puts a new one in its place. */
  bury(index: number, by: number): Repair {
    const found = this.#tryToBury(index, by);
    if (found === undefined) throw new Error("another thread holds a lock");
    return found;
  }

  /** @returns undefined when somebody else, who may be dead too, holds a lock */
  #tryToBury(index: number, by: number): Repair | undefined {
    const dead = this.threads[index]!;
    const raw = this.raw(by);
    const result = raw.thread_died(dead.number);
    if (result === Burial.BUSY) return undefined;
    // It had ended, and was about to become another thread: the host finds such ones
    // (ThreadRegistry), and there is nothing of theirs to be mended.
    const hadEnded = result === Burial.NOBODY && !this.#isAlive(index);
    if (result !== Burial.DONE && !hadEnded) throw new Error(`thread_died: ${result}`);
    const at = raw.scratch() >>> 0;
    const view = new DataView(this.memory.buffer);
    const fields = Object.entries(layouts[this.abi].Repair.fields);
    const found = Object.fromEntries(
      fields.map(([name, { offset }]) => [name, view.getInt32(at + offset, true)]),
    ) as unknown as Repair;
    this.threads[index] = this.#join(dead.blocks);
    return found;
  }

  /** Whether the thread in place `index` still counts as one. */
  #isAlive(index: number): boolean {
    const { number } = this.threads[index]!;
    const size = layouts[this.abi].ThreadData.size;
    const first = (this.raw(0).thread_data() >>> 0) - this.threads[0]!.number * size;
    const at = first + number * size + layouts[this.abi].ThreadData.fields.isAlive.offset;
    return new DataView(this.memory.buffer).getInt32(at, true) !== 0;
  }

  /** @throws Error when the heap, or a block that somebody has, is not in order */
  check(): void {
    const raw = this.raw(0);
    const broken = raw.check_heap();
    if (broken !== 0)
      throw new Error(`invariant ${broken} at 0x${(raw.check_address() >>> 0).toString(16)}`);
    for (const { blocks } of this.threads) for (const entry of blocks) this.#check(...entry);
  }

  /**
   * Frees everything and ends all threads. Bytes that are in use afterwards, arenas' own included.
   */
  finish(): number {
    for (const thread of this.threads) {
      for (const [block, held] of thread.blocks) {
        this.#check(block, held);
        thread.raw.free(this.#word(block));
      }
      thread.blocks.clear();
    }
    for (const { raw } of this.threads) raw.thread_exit();
    this.check();
    const raw = this.raw(0);
    const at = raw.scratch() >>> 0;
    raw.mallinfo2(this.#word(at));
    const view = new DataView(this.memory.buffer);
    const { uordblks, hblkhd } = layouts[this.abi].Mallinfo2.fields;
    const read = ({ offset }: { offset: number }): number =>
      this.abi === "lp64"
        ? Number(view.getBigUint64(at + offset, true))
        : view.getUint32(at + offset, true);
    return read(uordblks) + read(hblkhd);
  }
}
