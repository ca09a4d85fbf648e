// A process whose threads are worker_threads, seen from the thread that starts, stops, kills and
// buries them: thread 0, which is the test's own and makes no calls but those.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { RawExports } from "../../src/binary/exports.js";
import type { Abi } from "../../src/layout/address.js";
import { Burial, Tunable, layouts } from "../../src/layout/generated.js";
import {
  Command,
  Control,
  Patterns,
  State,
  Status,
  Table,
  blocksOnTheirWay,
  controlWords,
  statusAt,
} from "../support/thread-blocks.mjs";
import type { WorkerPlan } from "../support/stress-worker.mjs";

const BASE = 65536;
const FRESH = 4;
const WORKER = new URL("../support/stress-worker.mjs", import.meta.url);

/** What burying a thread found and did. */
export type Repair = Record<keyof (typeof layouts)["ilp32"]["Repair"]["fields"], number>;

/** Longer than anything takes on a busy machine: who waits so long, hangs. */
export const PATIENCE_MS = 60_000;

export interface CrewOptions {
  abi: Abi;
  build: `${"threads" | "crash"}${"" | "-throughput"}`;
  places: number;
  seed: number;
  /** The memory's maximum, pages of 64 KiB. */
  pages: number;
  /** Where mappings begin. */
  mmapBase: number;
  /**
   * The end of the address space; beyond the memory's maximum, memory.grow fails before the kernel
   * refuses.
   */
  taskSize: number;
  tunables?: Partial<Record<keyof typeof Tunable, number>>;
  patienceMs?: number;
  queuesFrees?: boolean;
  /** What each tcache may keep of large blocks, bytes. */
  largeTcache?: number;
}

/** The memory that a crew works in, and how malloc is to use it; which build, if not glibc's. */
export type CrewMemory = Pick<
  CrewOptions,
  "pages" | "mmapBase" | "taskSize" | "tunables" | "queuesFrees" | "largeTcache"
> &
  Partial<Pick<CrewOptions, "build">>;

/** Fields of malloc's structs in the shared memory. */
type StructName = keyof (typeof layouts)["ilp32"];

const modules = new Map<string, WebAssembly.Module>();

export function moduleOf(build: string, abi: Abi): WebAssembly.Module {
  const name = `${build}.${abi}.wasm`;
  let module = modules.get(name);
  if (module === undefined) {
    module = new WebAssembly.Module(readFileSync(new URL(`../../build/${name}`, import.meta.url)));
    modules.set(name, module);
  }
  return module;
}

export class Crew {
  readonly options: CrewOptions;
  readonly memory: WebAssembly.Memory;
  readonly control: Int32Array;
  readonly raw: RawExports<Abi, "threads">;
  readonly startBrk: number;
  readonly errors: string[] = [];
  readonly #workers = new Map<number, Worker>();
  readonly #patterns: Patterns;
  #started = 0;

  constructor(options: CrewOptions) {
    this.options = options;
    const { abi, build, pages, places } = options;
    this.memory = new WebAssembly.Memory({ initial: 32, maximum: pages, shared: true });
    this.control = new Int32Array(new SharedArrayBuffer(4 * controlWords(places)));
    this.#patterns = new Patterns(this.memory);
    const fail = (code: number, address: number): never => {
      throw new Error(`failure ${code} at 0x${(address >>> 0).toString(16)}, in the test's thread`);
    };
    const env = { memory: this.memory, crash_point: () => {} };
    const instance = new WebAssembly.Instance(moduleOf(build, abi), { env, host: { fail } });
    this.raw = instance.exports as unknown as RawExports<Abi, "threads">;
    this.startBrk = BASE + (this.raw.kernel_bytes() >>> 0);
    const { mmapBase, taskSize, tunables = {}, patienceMs = PATIENCE_MS } = options;
    const error = this.raw.initialize(BASE, this.startBrk, mmapBase, taskSize, FRESH);
    if (error !== 0) throw new Error(`initialize: ${error}`);
    for (const [name, value] of Object.entries(tunables)) {
      const tunable = Tunable[name as keyof typeof Tunable];
      if (this.raw.set_tunable(tunable, this.word(value)) !== 1) throw new Error(name);
    }
    this.raw.share(1);
    this.raw.set_patience(patienceMs);
    this.raw.set_queued_frees(options.queuesFrees === true ? 1 : 0);
    this.raw.set_large_tcache(options.largeTcache ?? 0);
  }

  word(value: number): number | bigint {
    return this.options.abi === "lp64" ? BigInt(value) : value;
  }

  /** A field of a struct of malloc's at `address`. */
  field(struct: StructName, name: string, address: number): number {
    const fields = layouts[this.options.abi][struct].fields as Record<
      string,
      { offset: number; size: number }
    >;
    const { offset, size } = fields[name]!;
    const view = new DataView(this.memory.buffer);
    const at = address + offset;
    return size === 8 ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true);
  }

  status(place: number, which: number): number {
    return Atomics.load(this.control, statusAt(place) + which);
  }

  setStatus(place: number, which: number, value: number): void {
    Atomics.store(this.control, statusAt(place) + which, value);
  }

  /** The sum of a counter over all places. */
  total(which: number): number {
    return this.places().reduce((sum, place) => sum + this.status(place, which), 0);
  }

  places(): number[] {
    return Array.from({ length: this.options.places }, (_, place) => place);
  }

  table(place: number): Table {
    return new Table(this.control, place);
  }

  /** Starts a worker in a place. It goes on with the blocks that are in the place's table. */
  launch(
    place: number,
    extra: Partial<Pick<WorkerPlan, "fault" | "isBusy" | "seen" | "turns">> = {},
  ): void {
    const { abi, build, seed } = this.options;
    this.setStatus(place, Status.STATE, State.STARTING);
    this.setStatus(place, Status.NUMBER, -1);
    this.setStatus(place, Status.ORDER, 0);
    const plan: WorkerPlan = {
      module: moduleOf(build, abi),
      memory: this.memory,
      control: this.control,
      place,
      base: BASE,
      abortAt: layouts[abi].SharedState.fields.abortCode.offset,
      locksAt: layouts[abi].ThreadData.fields.locks.offset,
      isWide: abi === "lp64",
      seed: seed * 1000 + this.#started++,
      fault: "",
      seen: undefined,
      isBusy: false,
      turns: false,
      ...extra,
    };
    const worker = new Worker(WORKER, { workerData: plan });
    worker.on("message", (text: string) => this.errors.push(text));
    worker.on("error", (error) => this.errors.push(`place ${place}: ${String(error)}`));
    this.#workers.set(place, worker);
  }

  /** Starts a worker in a place and waits until it is a thread. */
  async start(place: number, extra: Parameters<Crew["launch"]>[1] = {}): Promise<void> {
    this.launch(place, extra);
    await this.until(`place ${place} is running`, () => this.state(place) !== State.STARTING);
  }

  state(place: number): number {
    return this.status(place, Status.STATE);
  }

  /** @throws Error with what the workers complained of */
  throwErrors(): void {
    if (this.errors.length > 0) throw new Error(this.errors.join("\n"));
  }

  /**
   * Waits until something is so.
   * @throws Error when it takes too long, or when a worker has failed
   */
  async until(what: string, isSo: () => boolean, patience = PATIENCE_MS): Promise<void> {
    if (!(await this.mayBecome(isSo, patience))) throw new Error(`it does not come to be: ${what}`);
  }

  /** Waits until something is so, or for so long. Whether it is. */
  async mayBecome(isSo: () => boolean, patience: number): Promise<boolean> {
    const end = performance.now() + patience;
    while (!isSo()) {
      if (Atomics.load(this.control, Control.FAILURES) > 0) {
        await sleep(50);
        this.throwErrors();
      }
      if (performance.now() > end) return false;
      await sleep(1);
    }
    return true;
  }

  /** Waits until the workers that run stand between two operations. */
  async pause(): Promise<void> {
    Atomics.store(this.control, Control.COMMAND, Command.PAUSE);
    const isStill = (place: number): boolean => this.state(place) !== State.RUNNING;
    await this.until("all are paused", () => this.places().every(isStill));
  }

  resume(): void {
    Atomics.store(this.control, Control.COMMAND, Command.RUN);
    Atomics.notify(this.control, Control.COMMAND);
  }

  /** Kills the worker in a place; afterwards it does not run any more. */
  async kill(place: number): Promise<void> {
    await this.#workers.get(place)!.terminate();
    this.#workers.delete(place);
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#workers.keys()].map((place) => this.kill(place)));
  }

  /** Waits until the workers have ended by themselves. */
  async ended(): Promise<void> {
    await this.until("all have ended", () =>
      this.places().every((place) => [State.ENDED, State.NONE].includes(this.state(place))),
    );
    await this.killAll();
    this.throwErrors();
  }

  /**
   * Lets all workers free what they have and end, and frees what is left: of the dead, and on its
   * way.
   */
  async finish(): Promise<void> {
    Atomics.store(this.control, Control.COMMAND, Command.FINISH);
    Atomics.notify(this.control, Control.COMMAND);
    await this.ended();
    const left = this.places().flatMap((place) => this.table(place).empty());
    left.push(...blocksOnTheirWay(this.control));
    for (const { address } of left) this.raw.free(this.word(address));
    this.control.fill(0, 0, statusAt(0));
  }

  /**
   * Looks at everything while all are paused.
   * @throws Error when the heap is not in order, a block has changed, or two overlap
   */
  check(when: string): void {
    const broken = this.raw.check_heap();
    if (broken !== 0) {
      const at = (this.raw.check_address() >>> 0).toString(16);
      throw new Error(`invariant ${broken} broken at 0x${at}, ${when}`);
    }
    const blocks = this.places().flatMap((place) => this.table(place).blocks());
    blocks.push(...blocksOnTheirWay(this.control));
    blocks.sort((a, b) => a.address - b.address);
    let end = this.startBrk;
    for (const block of blocks) {
      if (block.address < end)
        throw new Error(`two blocks at 0x${block.address.toString(16)}, ${when}`);
      this.#patterns.check(block);
      end = block.address + block.size;
    }
  }

  /** A thread's struct. */
  threadData(number: number): number {
    return (this.raw.thread_data() >>> 0) + number * layouts[this.options.abi].ThreadData.size;
  }

  isAlive(number: number): boolean {
    return this.field("ThreadData", "isAlive", this.threadData(number)) !== 0;
  }

  /** The words of all locks: the kernel's, the list's, the arenas'. */
  lockWords(): { name: string; word: number }[] {
    const { raw } = this;
    const main = raw.main_arena() >>> 0;
    const locks = [
      { name: "kernel", word: this.field("MmStruct", "mmapLock", raw.mm_struct() >>> 0) },
      { name: "list", word: this.field("SharedState", "listLock", raw.shared_state() >>> 0) },
    ];
    let arena = main;
    do {
      const name = arena === main ? "main_arena" : "arena";
      locks.push({ name, word: this.field("MallocState", "mutex", arena) });
      arena = this.field("MallocState", "next", arena);
    } while (arena !== main);
    return locks;
  }

  /** The locks that thread `number` holds, and whether somebody waits for one of them. */
  heldBy(number: number): { names: string[]; isAwaited: boolean } {
    const held = this.lockWords().filter(({ word }) => (word & 0x7fff_ffff) - 1 === number);
    return {
      names: held.map(({ name }) => name),
      isAwaited: held.some(({ word }) => word >>> 31 === 1),
    };
  }

  /** mallinfo2, into the scratch area. */
  mallinfo(): Record<"uordblks" | "fsmblks" | "hblks" | "hblkhd" | "arena", number> {
    const at = this.raw.scratch() >>> 0;
    this.raw.mallinfo2(this.word(at));
    const read = (name: string): number => this.field("Mallinfo2", name, at);
    return {
      uordblks: read("uordblks"),
      fsmblks: read("fsmblks"),
      hblks: read("hblks"),
      hblkhd: read("hblkhd"),
      arena: read("arena"),
    };
  }

  /**
   * Buries thread `number`. What that found and did, or undefined when it is to be tried again
   * because of somebody else's lock.
   */
  bury(number: number): Repair | undefined {
    const result = this.raw.thread_died(number);
    if (result !== Burial.DONE && result !== Burial.BUSY)
      throw new Error(`thread_died(${number}): ${result}`);
    const at = this.raw.scratch() >>> 0;
    const names = Object.keys(layouts.ilp32.Repair.fields);
    const found = Object.fromEntries(names.map((name) => [name, this.field("Repair", name, at)]));
    return result === 0 ? (found as unknown as Repair) : undefined;
  }
}
