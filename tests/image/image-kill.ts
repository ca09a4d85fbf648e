// Kills processes that keep a heap in a file, and looks at what they left.

import { spawn } from "node:child_process";
import { copyFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { HeapImageError, openHeapImageSync } from "../../src/image.js";
import type { HeapImageOptions, PersistentHeap } from "../../src/image.js";
import { openNodeFile } from "../../src/kernel/files/node.js";
import { O } from "../../src/kernel/flags.js";
import type { Abi } from "../../src/layout/address.js";
import { countingFile } from "../support/counting-file.mjs";
import { Workload, blocksOf, damagedBlocks } from "../support/image-workload.mjs";
import { Reference, tableOf } from "./support.js";

const CHILD = fileURLToPath(new URL("./image-kill-child.mjs", import.meta.url));
const HEADERS_END = 8192;

/** What a child is to do. */
export interface ChildPlan {
  path: string;
  abi: Abi;
  seed: number;
  /** Operations from one msync to the next. */
  every: number;
  /**
   * Kill yourself before this step of your first msync, counted from 1; 0: go on until somebody
   * else does.
   */
  crashAt: number;
  sync: "full" | "none";
  journal: boolean;
}

/** What all kills came to. */
export class Tally {
  atSteps = 0;
  atRandom = 0;
  /** Reopened with the state of the last completed msync, and of the one that was under way. */
  old = 0;
  new = 0;
  recoveries = 0;
  recoveredPages = 0;
  /** Without a journal: passed by the checker, and refused by it. */
  sound = 0;
  torn = 0;

  summary(): string {
    return (
      `${this.atSteps + this.atRandom} kills, ${this.atSteps} of them at steps of an msync, ` +
      `${this.atRandom} at random moments; ` +
      `reopened at the last completed msync: ${this.old}, at the one under way: ${this.new}; ` +
      `${this.recoveries} took ${this.recoveredPages} pages from the journal; ` +
      `without a journal: ${this.sound} sound, ${this.torn} refused as torn`
    );
  }
}

/**
 * Runs a child until it is dead. @returns the signal that killed it, and the operations that its
 * last completed msync had
 */
async function runChild(
  plan: ChildPlan,
  killAfter?: number,
): Promise<{ signal: string | null; synced: number }> {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(plan)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  let begun: () => void = () => undefined;
  const isBegun = new Promise<void>((resolve) => (begun = resolve));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    begun();
  });
  const ended = new Promise<string | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (_, signal) => resolve(signal));
  });
  if (killAfter !== undefined) {
    await Promise.race([isBegun, ended]);
    await wait(killAfter);
    child.kill("SIGKILL");
  }
  const signal = await ended;
  const lines = [...output.matchAll(/^synced \d+ (\d+)\n/gm)];
  return { signal, synced: Number(lines.at(-1)?.[1] ?? 0) };
}

/** A heap in a file, and what must be in it. */
export class Victim {
  readonly plan: ChildPlan;
  readonly #reference: Reference;
  readonly #tally: Tally;
  readonly #base: string;

  /** Makes the file, with `ops` operations done and a journal from the last of some msyncs. */
  constructor(plan: ChildPlan, ops: number, tally: Tally) {
    if (ops % plan.every !== 0) throw new RangeError(`${ops} is no multiple of ${plan.every}`);
    this.plan = plan;
    this.#tally = tally;
    this.#base = `${plan.path}.base`;
    this.#reference = new Reference({ abi: plan.abi }, plan.seed);
    const heap = openHeapImageSync(plan.path, this.#options);
    const work = new Workload(heap.heap, 0, plan.seed);
    heap.root = work.table;
    for (const at of [ops - 2 * plan.every, ops - plan.every, ops]) {
      work.runTo(at);
      heap.msync();
      this.#reference.tableAt(at);
    }
    heap.discard();
    copyFileSync(plan.path, this.#base);
  }

  /** How the file is opened. */
  get #options(): HeapImageOptions {
    const { abi, sync, journal } = this.plan;
    return { abi, sync, journal };
  }

  /** The operations of the file as it was made. */
  get #ops(): number {
    const heap = openHeapImageSync(this.#base, this.#options);
    const ops = tableOf(heap)[1]!;
    heap.discard();
    return ops;
  }

  /**
   * The steps of the next msync of the file as it was made, and which of them puts the new state in
   * force.
   */
  steps(): { count: number; commit: number } {
    this.#restore();
    let count = 0;
    let commit = 0;
    const file = countingFile(openNodeFile(this.plan.path, O.RDWR), (kind, position) => {
      count++;
      if (kind === "write" && position < HEADERS_END) commit = count;
    });
    const heap = openHeapImageSync(file, this.#options);
    new Workload(heap.heap, heap.root, this.plan.seed).runTo(this.#ops + this.plan.every);
    heap.msync();
    heap.discard();
    return { count, commit };
  }

  #restore(): void {
    copyFileSync(this.#base, this.plan.path);
  }

  /** Kills a child before a step of the msync, from the file as it was made, and reopens. */
  async killAtStep(step: number, commit: number): Promise<void> {
    const before = this.#ops;
    const after = before + this.plan.every;
    this.#reference.tableAt(after);
    this.#restore();
    const { signal } = await runChild({ ...this.plan, crashAt: step });
    if (signal !== "SIGKILL") throw new Error(`step ${step}: the child was not killed: ${signal}`);
    this.#tally.atSteps++;
    if (!this.plan.journal) {
      this.#reopenUnjournaled(before, after);
      return;
    }
    const heap = this.#reopen();
    const ops = this.#assertWhole(heap);
    // The step that puts the header there was not taken yet.
    const expected = step <= commit ? before : after;
    if (ops !== expected) throw new Error(`step ${step}: state ${ops}, not ${expected}`);
    if (ops === before) this.#tally.old++;
    else this.#tally.new++;
    // And it goes on.
    new Workload(heap.heap, heap.root, this.plan.seed).runTo(after);
    heap.msync();
    heap.discard();
    const next = this.#reopen();
    if (this.#assertWhole(next) !== after) throw new Error(`step ${step}: lost after going on`);
    next.discard();
  }

  /** Kills a child after some milliseconds; the file goes on from one child to the next. */
  async killAtRandom(milliseconds: number): Promise<void> {
    const { signal, synced } = await runChild(this.plan, milliseconds);
    if (signal !== "SIGKILL") throw new Error(`the child was not killed: ${signal}`);
    this.#tally.atRandom++;
    const heap = this.#reopen();
    const ops = this.#assertWhole(heap);
    heap.discard();
    if (ops !== synced && ops !== synced + this.plan.every) {
      throw new Error(`state ${ops} after the msync of ${synced} was completed`);
    }
    if (ops === synced) this.#tally.old++;
    else this.#tally.new++;
  }

  #reopen(): PersistentHeap {
    const heap = openHeapImageSync(this.plan.path, this.#options);
    if (heap.recoveredPages > 0) this.#tally.recoveries++;
    this.#tally.recoveredPages += heap.recoveredPages;
    return heap;
  }

  /**
   * Everything is there, at its address, and the checker passed. @returns the state's number of
   * operations
   */
  #assertWhole(heap: PersistentHeap): number {
    const table = tableOf(heap);
    const ops = table[1]!;
    const expected = this.#reference.tableAt(ops);
    const wrong = table.findIndex((word, index) => word !== expected[index]);
    if (wrong >= 0) throw new Error(`state ${ops}: the table differs in word ${wrong}`);
    const damaged = damagedBlocks(heap.heap, expected);
    if (damaged.length > 0) throw new Error(`state ${ops}: damaged blocks ${damaged.join(", ")}`);
    return ops;
  }

  /**
   * The checker passes or names the block; what was not touched since the last completed msync is
   * there.
   */
  #reopenUnjournaled(before: number, after: number): void {
    try {
      openHeapImageSync(this.plan.path, this.#options).discard();
      this.#tally.sound++;
    } catch (error) {
      if (!(error instanceof HeapImageError) || error.reason !== "torn-heap") throw error;
      if (!error.address) throw error;
      this.#tally.torn++;
    }
    const heap = openHeapImageSync(this.plan.path, { ...this.#options, check: false });
    const later = new Map(
      blocksOf(this.#reference.tableAt(after)).map((block) => [block.address, block]),
    );
    const damaged = damagedBlocks(heap.heap, this.#reference.tableAt(before), (block) => {
      const now = later.get(block.address);
      return now?.stamp === block.stamp && now.bytes === block.bytes;
    });
    heap.discard();
    if (damaged.length > 0) throw new Error(`untouched blocks are damaged: ${damaged.join(", ")}`);
  }
}
