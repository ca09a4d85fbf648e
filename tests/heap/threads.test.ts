// Heaps of several workers of Node's. That many threads at once do no harm is for tests/stress.

import { afterEach, describe, expect, it } from "vitest";
import {
  attachHeapSync,
  createThreadedHeap,
  createThreadedHeapSync,
} from "../../src/heap/threads/create.js";
import { HeapDeadError } from "../../src/heap/errors.js";
import { Heap } from "../../src/heap/heap.js";
import type { ThreadNotice } from "../../src/heap/threads/threaded-heap.js";
import { readArenas } from "../../src/inspect/arenas.js";
import { Invariant, layouts } from "../../src/layout/generated.js";
import { join, start, stopWorkers } from "../support/threads.js";

afterEach(stopWorkers);

describe.each(["ilp32", "lp64"] as const)("threads of a heap, %s", (abi) => {
  it("have a number and an arena each, and do not disturb each other", async () => {
    const heap = await createThreadedHeap({ abi });
    expect(heap).toBeInstanceOf(Heap);
    const workers = await Promise.all([1, 2, 3].map(() => join(heap.handle())));
    expect(workers.map(({ thread }) => thread).sort()).toEqual([1, 2, 3]);
    expect([heap.thread, heap.threads()]).toEqual([0, [0, 1, 2, 3]]);
    const work = workers.map((worker, seed) => worker.run("work", seed, 5000));
    for (let i = 0; i < 5000; i++) heap.free(heap.malloc(i));
    expect(await Promise.all(work)).toEqual([0, 0, 0]);
    expect(readArenas(heap.process)).toHaveLength(4);
    expect(heap.raw.check_heap()).toBe(Invariant.HOLDS);
    await Promise.all(workers.map((worker) => worker.end()));
    expect(heap.threads()).toEqual([0]);
  });

  it("pass pointers: another thread reads a block, and frees it to where it came from", async () => {
    const heap = createThreadedHeapSync({ abi, tunables: { tcache_count: 0 } });
    const [one, other] = [await join(heap.handle()), await join(heap.handle())];
    const block = await one.call("malloc", 500);
    await one.run("fill", block, 500, 0xa5);
    expect(await other.run("holds", block, 500, 0xa5)).toBe(true);
    expect(heap.u8(block, 500).every((byte) => byte === 0xa5)).toBe(true);
    await other.call("free", block);
    expect(await one.call("malloc", 500)).toBe(block);
  });

  it("see what another one's growth added", async () => {
    const heap = await createThreadedHeap({ abi });
    const worker = await join(heap.handle());
    const before = heap.memory.buffer.byteLength;
    const old = heap.u8(heap.malloc(16), 16);
    old.fill(3);
    const block = await worker.call("malloc", 64 * 2 ** 20);
    await worker.run("fill", block + 64 * 2 ** 20 - 16, 16, 9);
    expect(heap.memory.buffer.byteLength).toBeGreaterThan(before);
    expect([...heap.u8(block + 64 * 2 ** 20 - 16, 2), old[0]]).toEqual([9, 9, 3]);
    expect(heap.process.readWord(block)).toBe(0);
    expect(heap.mm.totalVm).toBeGreaterThan(64 * 256);
  });

  it("leave tcache's blocks and the arena to others when they end", async () => {
    const heap = await createThreadedHeap({ abi });
    const worker = await join(heap.handle());
    const baseline = heap.stats().uordblks;
    const blocks = [];
    for (let i = 0; i < 7; i++) blocks.push(await worker.call("malloc", 100));
    for (const block of blocks) await worker.call("free", block);
    expect(heap.stats().uordblks).toBeGreaterThan(baseline);
    const [, arena] = readArenas(heap.process);
    expect(arena!.state.attachedThreads).toBe(1);
    await worker.call("exitThread");
    await expect(worker.call("malloc", 1)).rejects.toMatchObject({ kind: "HeapDeadError" });
    expect(readArenas(heap.process)[1]!.state.attachedThreads).toBe(0);
    const next = await join(heap.handle());
    expect(next.thread).toBe(1);
    await next.call("malloc", 100);
    expect(readArenas(heap.process)).toHaveLength(2);
  });

  it("are all in malloc_info, malloc_stats and mallinfo2", async () => {
    const heap = await createThreadedHeap({ abi });
    const workers = [await join(heap.handle()), await join(heap.handle())];
    heap.malloc(1000);
    const alone = heap.stats().uordblks;
    for (const worker of workers) await worker.call("malloc", 5000);
    expect(heap.stats().uordblks).toBeGreaterThan(alone + 10_000);
    expect(heap.mallocInfo().match(/<heap nr="\d">/g)).toHaveLength(3);
    expect(heap.mallocStats()).toMatch(/^Arena 0:[^]*\nArena 1:[^]*\nArena 2:[^]*\nTotal /);
  });

  it("count how often they meet at a lock", async () => {
    const heap = await createThreadedHeap({ abi, patience: 0 });
    const worker = await join(heap.handle());
    expect(heap.lockCounters()).toEqual({ contended: 0, waited: 0 });
    await worker.run("holdFor", heap.raw.main_arena() >>> 0, 200);
    heap.malloc(5000);
    const { contended, waited } = heap.lockCounters();
    expect(contended).toBe(1);
    expect(waited).toBeGreaterThan(0);
  });

  it("at most 128, simulated ones on this JavaScript thread included", () => {
    const heap = createThreadedHeapSync({ abi });
    const handle = heap.handle();
    const threads = Array.from({ length: 127 }, () => attachHeapSync(handle));
    expect(() => attachHeapSync(handle)).toThrow(/as many threads as it can have/);
    for (const thread of threads) expect(thread.malloc(100)).not.toBe(0);
    const scratches = [heap, ...threads].map(({ raw }) => raw.scratch());
    expect(new Set(scratches).size).toBe(128);
    expect(Math.max(...scratches) + 256).toBeLessThanOrEqual(heap.mm.startBrk);
    // As many as glibc makes for two cores.
    expect(readArenas(heap.process)).toHaveLength(abi === "ilp32" ? 4 : 16);
    threads[4]!.dispose();
    expect(() => threads[4]!.malloc(1)).toThrow(HeapDeadError);
    expect(attachHeapSync(threads[0]!.handle()).thread).toBe(5);
  });
});

/** A heap with a worker that is about to be killed, and what was noticed of that. */
async function watched(abi: "ilp32" | "lp64", patience = 10_000) {
  const notices: ThreadNotice[] = [];
  let told: () => void = () => undefined;
  const noticed = new Promise<void>((resolve) => (told = resolve));
  const onThreadDeath = (notice: ThreadNotice) => {
    notices.push(notice);
    told();
  };
  const heap = await createThreadedHeap({ abi, patience, onThreadDeath });
  const worker = start();
  heap.watch(worker.worker);
  await worker.attach(heap.handle());
  return { heap, worker, notices, noticed };
}

const HARMLESS = { systemCalls: 0, listLocks: 0, arenasMended: 0, arenasRetired: 0 };

describe.each(["ilp32", "lp64"] as const)("a thread that is killed, %s", (abi) => {
  it("is noticed, and its tcache returned", async () => {
    const { heap, worker, notices, noticed } = await watched(abi);
    for (const block of [await worker.call("malloc", 24), await worker.call("malloc", 24)])
      await worker.call("free", block);
    await worker.kill();
    await noticed;
    expect(notices).toEqual([{ thread: 1, repair: { ...HARMLESS, blocksReturned: 2 } }]);
    expect(heap.threads()).toEqual([0]);
  });

  it("is noticed when its worker just ends, and not when it ended in order", async () => {
    const { heap, worker, notices, noticed } = await watched(abi);
    const orderly = start();
    heap.watch(orderly.worker);
    await orderly.attach(heap.handle());
    await orderly.end();
    expect(heap.threads()).toEqual([0, 1]);
    worker.run("leave").catch(() => undefined);
    await noticed;
    expect(notices).toEqual([{ thread: 1, repair: { ...HARMLESS, blocksReturned: 0 } }]);
  });

  it("may have been anywhere", async () => {
    for (let i = 0; i < 10; i++) {
      const { heap, worker, notices, noticed } = await watched(abi);
      await worker.run("churn");
      for (let i = 0; i < 1000; i++) heap.free(heap.malloc(i));
      await worker.kill();
      await noticed;
      expect(notices).toMatchObject([{ thread: 1, repair: { arenasRetired: 0 } }]);
      expect(heap.raw.check_heap()).toBe(Invariant.HOLDS);
    }
  });

  const places = {
    main_arena: ({ process }: Heap) => process.raw.main_arena(),
    "the kernel": ({ process }: Heap) =>
      process.raw.mm_struct() + layouts[abi].MmStruct.fields.mmapLock.offset,
    "the list of arenas": ({ process }: Heap) =>
      (process.raw as { shared_state?: () => number }).shared_state!() +
      layouts[abi].SharedState.fields.listLock.offset,
  };

  it.each(Object.entries(places))("gives back %s", async (name, placeOf) => {
    const { heap, worker, notices, noticed } = await watched(abi);
    expect(await worker.run("hold", placeOf(heap as Heap) >>> 0)).toBe(true);
    await worker.kill();
    await noticed;
    const repair = {
      ...HARMLESS,
      ...(name === "main_arena" ? { arenasMended: 1 } : {}),
      ...(name === "the kernel" ? { systemCalls: 1 } : {}),
      ...(name === "the list of arenas" ? { listLocks: 1 } : {}),
      blocksReturned: 0,
    };
    expect(notices).toEqual([{ thread: 1, repair }]);
    heap.free(heap.malloc(200_000));
    const next = await join(heap.handle());
    await next.call("malloc", 100);
    expect(heap.raw.check_heap()).toBe(Invariant.HOLDS);
  });

  it.each(Object.entries(places))(
    "unreported, %s is not waited for for ever",
    async (name, placeOf) => {
      const heap = await createThreadedHeap({ abi, patience: 100 });
      const worker = await join(heap.handle());
      await worker.run("hold", placeOf(heap) >>> 0);
      await worker.kill();
      const next = await join(heap.handle());
      // One of them needs it: the first allocation of a thread, and one beyond mmap_threshold.
      const failed = async () => {
        await next.call("malloc", 100);
        heap.malloc(5000);
        heap.malloc(500_000);
      };
      const error = await failed().then(
        () => undefined,
        (error: unknown) => error as Error & { reason: string },
      );
      expect(error?.reason).toBe("lock-held");
      expect(error?.message).toContain(`${name} (lock at 0x`);
      expect(error?.message).toMatch(/within 100 ms, held by thread 1: .* threadExited\(1\)$/);
      if (name === "the kernel") {
        // The thread that gave up held an arena's lock, or the list's.
        expect(() => heap.malloc(1)).toThrow(HeapDeadError);
        return;
      }
      expect(heap.aborted).toBeUndefined();
      heap.threadExited(1);
      await failed();
      expect(heap.raw.check_heap()).toBe(Invariant.HOLDS);
    },
  );

  it("can be reported by any thread", async () => {
    const heap = await createThreadedHeap({ abi });
    const [victim, other] = [await join(heap.handle()), await join(heap.handle())];
    await victim.kill();
    expect(await other.call("threadExited", 1)).toEqual({ ...HARMLESS, blocksReturned: 0 });
    expect(() => heap.threadExited(1)).toThrow(
      "threadExited: thread must be one of those alive (0, 2), got 1",
    );
    expect(() => heap.threadExited(0)).toThrow("must not be the caller's own");
    expect(() => heap.threadExited(-1)).toThrow(RangeError);
  });
});
