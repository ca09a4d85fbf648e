// What threads of a heap say when something is wrong.

import { afterEach, describe, expect, it, vi } from "vitest";
import { createHeap } from "../../src/heap/create.js";
import {
  attachHeap,
  attachHeapSync,
  createThreadedHeap,
  createThreadedHeapSync,
} from "../../src/heap/threads/create.js";
import { HeapDeadError } from "../../src/heap/errors.js";
import type { HeapHandle } from "../../src/heap/threads/threaded-heap.js";
import { instantiate } from "../../src/binary/load.js";
import { ThreadError } from "../../src/process/threads/error.js";
import { buryOwner } from "../../src/process/threads/join.js";
import { Failure, layouts } from "../../src/layout/generated.js";
import { join, start, stopWorkers } from "../support/threads.js";

afterEach(stopWorkers);

describe("what one thread's call ends, ends for all", () => {
  it("a double free", async () => {
    const heap = await createThreadedHeap();
    const [one, other] = [await join(heap.handle()), await join(heap.handle())];
    const block = await one.call("malloc", 24);
    await one.call("free", block);
    await expect(one.call("free", block)).rejects.toMatchObject({ kind: "HeapAbort" });
    const rule =
      /another thread's call ended the process: "free\(\): double free detected in tcache 2"/;
    await expect(other.call("malloc", 1)).rejects.toThrow(rule);
    expect(() => heap.malloc(1)).toThrow(rule);
    expect(heap.aborted).toBeInstanceOf(ThreadError);
    expect(heap.aborted).toMatchObject({
      reason: "process-aborted",
      endedBy: Failure.FREE_TCACHE_DOUBLE,
    });
    expect(() => heap.handle()).toThrow(HeapDeadError);
  });

  it("a trap", async () => {
    const heap = await createThreadedHeap();
    const worker = await join(heap.handle());
    const block = await worker.call("malloc", 24);
    heap.u32(block - 8, 2).set([0, 0xff5]);
    await expect(worker.call("free", 0xffff_0000 - 16)).rejects.toMatchObject({
      kind: "RangeError",
    });
    // A size that leads out of the memory.
    heap.u32(block - 4, 1)[0] = 0x7ff0_0005;
    await expect(worker.call("free", block)).rejects.toMatchObject({ kind: "HeapAbort" });
    expect(() => heap.malloc(1)).toThrow(/a wild access trapped inside it/);
  });

  it("also for a thread that is waiting for a lock", async () => {
    const heap = await createThreadedHeap({ patience: 0 });
    const [one, other] = [await join(heap.handle()), await join(heap.handle())];
    const [block, big] = [heap.malloc(24), heap.malloc(3000)];
    expect(await one.run("hold", heap.raw.main_arena() >>> 0)).toBe(true);
    const waiting = other.call("free", big).catch((error: unknown) => error);
    const { size, fields } = layouts.ilp32.ThreadData;
    const data = heap.raw.thread_data() + other.thread * size + fields.locks.offset;
    const waited = data + layouts.ilp32.LockCounters.fields.waited.offset;
    await vi.waitFor(() => expect(heap.u32(waited, 1)[0]).toBeGreaterThan(0));
    await expect(one.call("free", block + 8)).rejects.toMatchObject({ kind: "HeapAbort" });
    expect(await waiting).toMatchObject({ kind: "ThreadError", reason: "process-aborted" });
  });
});

describe("a death that cannot be mended", () => {
  it("is told as an error", async () => {
    const notice = vi.fn();
    const heap = await createThreadedHeap({ patience: 100, onThreadDeath: notice });
    const worker = start();
    heap.watch(worker.worker);
    const handle = heap.handle();
    await worker.attach(handle);
    // Somebody else has the host's lock, and does not give it back.
    new Int32Array(handle.registry)[0] = 99;
    await worker.kill();
    await vi.waitFor(() => expect(notice).toHaveBeenCalled());
    const error = expect.objectContaining({
      message: expect.stringContaining("threadId 98") as unknown,
    }) as unknown;
    expect(notice.mock.calls).toEqual([[{ thread: undefined, error }]]);
  });
});

describe("a worker that was killed while it joined", () => {
  it("is found by what it had locked, though its thread has no name yet", async () => {
    const heap = await createThreadedHeap();
    const { registry } = heap.handle();
    const dead = 99;
    // It holds the host's lock, and is a thread already.
    new Int32Array(registry)[0] = dead;
    const { plan, module } = heap.process;
    const instance = await instantiate(plan, module, plan.newFate());
    expect(instance.raw.attach(heap.process.base)).toBe(1);
    expect(heap.threads()).toEqual([0, 1]);
    expect(buryOwner(heap.process, dead).map(({ thread }) => thread)).toEqual([1]);
    expect(heap.threads()).toEqual([0]);
    expect((await join(heap.handle())).thread).toBe(1);
  });

  it("unreported, is not waited for for ever", async () => {
    const heap = await createThreadedHeap({ patience: 100 });
    const handle = heap.handle();
    new Int32Array(handle.registry)[0] = 99;
    await expect(attachHeap(handle)).rejects.toThrow(
      /the worker with threadId 98 was joining the heap or reporting a death for 100 ms/,
    );
  });
});

describe("a thread that cannot join", () => {
  const heap = createThreadedHeapSync();
  const handle = heap.handle();

  it.each([
    [undefined, /^attachHeap: the handle must be what heap.handle\(\) returned, got undefined/],
    [
      { ...handle, memory: new WebAssembly.Memory({ initial: 1 }) },
      /handle.memory must be a shared/,
    ],
    [{ ...handle, module: "core" }, /handle.module must be a WebAssembly.Module, got "core"/],
    [{ ...handle, registry: new ArrayBuffer(8) }, /handle.registry must be a SharedArrayBuffer/],
    [{ ...handle, id: 7 }, /handle.id must be a string/],
    [{ ...handle, abi: "x32" }, /handle.abi must be one of "ilp32", "lp64", got "x32"/],
    [{ ...handle, abi: "lp64" }, /an ilp32 build, and lp64 is asked for/],
    [{ ...handle, base: 4096 }, /at handle.base 4096 there is no process with startBrk/],
    [{ ...handle, startBrk: 2 ** 33 }, /handle.startBrk must be from 1 to/],
    [{ ...handle, patience: 1.5 }, /handle.patience must be an integer/],
  ])("%#: the handle is wrong", async (wrong, message) => {
    await expect(attachHeap(wrong as HeapHandle)).rejects.toThrow(message);
    expect(() => attachHeapSync(wrong as HeapHandle)).toThrow();
  });

  it.each([
    [{ threads: 1 }, /option "threads" must be a boolean, got 1/],
    [{ threads: false }, /option "threads" must be true in this entry, got false/],
    [{ build: "core" }, /option "build" must be one of "threads", got "core"/],
    [{ patience: -1 }, /option "patience" must be from 0 to/],
    [{ onThreadDeath: {} }, /option "onThreadDeath" must be a function, got \[object Object\]/],
    [
      { memory: new WebAssembly.Memory({ initial: 2, maximum: 99 }) },
      /option "memory" must be shared/,
    ],
  ])("%#: an option is wrong", async (options, message) => {
    await expect(createThreadedHeap(options as never)).rejects.toThrow(message);
    expect(() => createThreadedHeapSync(options as never)).toThrow(message);
  });

  it.each([
    [{ threads: 1 }, /option "threads" must be a boolean, got 1/],
    [{ threads: true }, /option "threads": the createHeap of ptmalloc-wasm\/threads has them/],
    [{ build: "threads" }, /option "threads": the createHeap of ptmalloc-wasm\/threads has them/],
    [{ patience: 5 }, /option "patience" is for the build "threads"/],
    [{ onThreadDeath: () => 7 }, /there is no option "onThreadDeath"/],
    [
      { memory: new WebAssembly.Memory({ initial: 2, maximum: 99, shared: true }) },
      /option "memory" must be unshared: the build "core" has no locks/,
    ],
  ])("%#: an option of another heap is wrong", async (options, message) => {
    await expect(createHeap(options as never)).rejects.toThrow(message);
  });

  it("the caller's own shared memory will do", async () => {
    const memory = new WebAssembly.Memory({ initial: 10, maximum: 1000, shared: true });
    const own = await createThreadedHeap({ memory, base: 2 ** 17, taskSize: 1000 * 2 ** 16 });
    const worker = await join(own.handle());
    const block = await worker.call("malloc", 3_000_000);
    expect(own.u8(block, 1)[0]).toBe(0);
    expect(memory.buffer.byteLength).toBeGreaterThan(block + 3_000_000);
  });

  it("a worker can be watched as long as it runs", async () => {
    const worker = start();
    await worker.kill();
    expect(() => heap.watch(worker.worker)).toThrow("must not have ended yet");
    expect(() => heap.watch({} as never)).toThrow(/must be a Worker of node:worker_threads/);
  });
});
