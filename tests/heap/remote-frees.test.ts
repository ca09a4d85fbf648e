// The option remoteFrees: "queue": what becomes of blocks that one thread allocates and another one
// frees. The two are instances in one JavaScript thread that call in turn, so every step is the
// same each time.

import { describe, expect, it } from "vitest";
import { createHeapSync } from "../../src/heap/create.js";
import { createThreadedHeapSync } from "../../src/heap/threads/create.js";
import { layouts } from "../../src/layout/generated.js";
import { Pair } from "./pair.js";

const BLOCKS = 100;
const BYTES = 2000;

describe.each(["ilp32", "lp64"] as const)("blocks of another thread's, %s", (abi) => {
  it('"lock": they are free at once', () => {
    const pair = new Pair(abi);
    const blocks = pair.allocate(BLOCKS, BYTES);
    const full = pair.used();
    for (const block of blocks) pair.first["free"]!(block);
    expect(full - pair.used()).toBeGreaterThan(BLOCKS * BYTES);
    pair.check();
  });

  it('"queue": when the other one next allocates from its arena', () => {
    const pair = new Pair(abi, { queuesFrees: true });
    const blocks = pair.allocate(BLOCKS, BYTES);
    const full = pair.used();
    for (const block of blocks) pair.first["free"]!(block);
    expect(pair.used()).toBe(full);
    pair.check();
    // Beyond tcache, so that the arena is asked.
    pair.second["malloc"]!(pair.word(5000));
    expect(full - pair.used()).toBeGreaterThan((BLOCKS - 4) * BYTES);
    pair.check();
  });

  it('"queue": when somebody trims', () => {
    const pair = new Pair(abi, { queuesFrees: true });
    const full = pair.used();
    for (const block of pair.allocate(BLOCKS, BYTES)) pair.first["free"]!(block);
    pair.first["malloc_trim"]!(pair.word(0));
    expect(pair.used()).toBeLessThan(full + 30 * BYTES);
    pair.check();
  });

  it('"queue": after a megabyte, by the freeing thread', () => {
    const pair = new Pair(abi, { queuesFrees: true });
    const blocks = pair.allocate(700, BYTES);
    const full = pair.used();
    for (const block of blocks) pair.first["free"]!(block);
    expect(full - pair.used()).toBeGreaterThan(1_000_000);
    expect(full - pair.used()).toBeLessThan(1_200_000);
    pair.check();
  });

  it('"queue": at once, when nobody has that arena any more', () => {
    const pair = new Pair(abi, { queuesFrees: true });
    const blocks = pair.allocate(BLOCKS, BYTES);
    pair.second["thread_exit"]!();
    const full = pair.used();
    for (const block of blocks) pair.first["free"]!(block);
    expect(full - pair.used()).toBeGreaterThan(BLOCKS * BYTES);
    pair.check();
  });

  it('"queue": at the end of the thread that has the arena', () => {
    const pair = new Pair(abi, { queuesFrees: true });
    const blocks = pair.allocate(BLOCKS, BYTES);
    const full = pair.used();
    for (const block of blocks) pair.first["free"]!(block);
    pair.second["thread_exit"]!();
    expect(full - pair.used()).toBeGreaterThan(BLOCKS * BYTES);
    pair.check();
  });

  it('"queue": a block that is freed twice is noticed when they are taken back', () => {
    const pair = new Pair(abi, { queuesFrees: true });
    const blocks = pair.allocate(BLOCKS, 3000);
    for (const block of blocks) pair.first["free"]!(block);
    pair.first["free"]!(blocks[50]);
    expect(() => pair.second["malloc"]!(pair.word(5000))).toThrow(/failure/);
  });
});

// A class keeps 64 KiB, 32 blocks of these. A free beyond gives half of them back.
describe.each(["ilp32", "lp64"] as const)("the same in the profile throughput, %s", (abi) => {
  const build = "threads-throughput";
  const chunk = 2048;
  const kept = 65_536;

  it('"lock": the freeing thread keeps some, the others are free at once', () => {
    const pair = new Pair(abi, { build });
    const blocks = pair.allocate(BLOCKS, BYTES);
    const full = pair.used();
    for (const block of blocks) pair.first["free"]!(block);
    expect(full - pair.used()).toBeGreaterThanOrEqual(BLOCKS * chunk - kept);
    expect(full - pair.used()).toBeLessThanOrEqual(BLOCKS * chunk - kept / 2);
    pair.check();
    pair.first["thread_exit"]!();
    expect(full - pair.used()).toBeGreaterThanOrEqual(BLOCKS * chunk);
    pair.check();
  });

  it('"queue": the other one takes them back into its cache', () => {
    const pair = new Pair(abi, { build, queuesFrees: true });
    const blocks = pair.allocate(BLOCKS, BYTES);
    const full = pair.used();
    for (const block of blocks) pair.first["free"]!(block);
    expect(pair.used()).toBe(full);
    pair.check();
    // What a run left of the class is served first.
    const again = pair.allocate(40, BYTES);
    expect(again.filter((block) => blocks.includes(block)).length).toBeGreaterThan(30);
    expect(new Set(again).size).toBe(40);
    expect(pair.used()).toBeLessThan(full);
    pair.check();
  });

  it('"queue": all of it is free when both have ended', () => {
    const pair = new Pair(abi, { build, queuesFrees: true });
    const before = pair.used();
    for (const block of pair.allocate(700, BYTES)) pair.first["free"]!(block);
    pair.first["thread_exit"]!();
    pair.second["thread_exit"]!();
    expect(pair.used()).toBeLessThan(before + 4096);
    pair.check();
  });

  it("a block that is freed twice is noticed while the freeing thread has it", () => {
    const pair = new Pair(abi, { build, queuesFrees: true });
    const blocks = pair.allocate(BLOCKS, BYTES);
    for (const block of blocks) pair.first["free"]!(block);
    expect(() => pair.first["free"]!(blocks.at(-1)!)).toThrow(/failure/);
  });
});

describe("the option", () => {
  it("is for the threaded build", () => {
    // @ts-expect-error: the types say so, too
    expect(() => createHeapSync({ remoteFrees: "queue" })).toThrow(
      'option "remoteFrees" is for the build "threads"',
    );
  });

  it("has two values", () => {
    expect(() => createThreadedHeapSync({ remoteFrees: "later" as "lock" })).toThrow(
      /option "remoteFrees" must be one of .*"lock".*"queue"/,
    );
  });

  it.each(["lock", "queue"] as const)("%s reaches the process", (remoteFrees) => {
    const heap = createThreadedHeapSync({ remoteFrees });
    const state = heap.raw.shared_state() >>> 0;
    const { offset } = layouts.ilp32.SharedState.fields.queuesFrees;
    const view = new DataView(heap.memory.buffer);
    expect(view.getInt32(state + offset, true)).toBe(remoteFrees === "queue" ? 1 : 0);
  });
});
