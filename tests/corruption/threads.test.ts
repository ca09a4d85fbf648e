// What glibc says when what threads share is damaged: the cases of
// tests/oracle/native/thread-aborts.c, against its recorded messages.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { HeapAbort } from "../../src/process/failures.js";
import { startProcessSync, type Process } from "../../src/process/process.js";
import { wordBytes, type Abi } from "../../src/layout/address.js";
import { layouts } from "../../src/layout/generated.js";

const M_MMAP_THRESHOLD = -3;
const START_BRK = 0x4000000;
const PAGE_SHIFT = 12;

/** A process with what the cases need to damage it. */
class Scene {
  readonly abi: Abi;
  readonly word: number;
  readonly heapMax: number;
  readonly process: Process;

  constructor(abi: Abi) {
    this.abi = abi;
    this.word = wordBytes(abi);
    this.heapMax = abi === "ilp32" ? 2 ** 20 : 2 ** 26;
    const base = START_BRK - 65536;
    this.process = startProcessSync<Abi>({ abi, base, startBrk: START_BRK, layout: "top-down" });
    this.process.malloc(24);
  }

  load(address: number): number {
    return this.process.readWord(address);
  }

  store(address: number, value: number): void {
    const view = this.process.view();
    if (this.abi === "ilp32") view.setUint32(address, value, true);
    else view.setBigUint64(address, BigInt(value), true);
  }

  heapOf(address: number): number {
    return address - (address % this.heapMax);
  }

  /** Where the arena of a thread's block counts its threads. */
  attachedAt(arena: number): number {
    return arena + layouts[this.abi].MallocState.fields.attachedThreads.offset;
  }

  arenaOf(block: number): number {
    return this.load(this.heapOf(block));
  }

  /** Runs in a new thread that exits then. */
  inThread<T>(step: (thread: Process) => T): T {
    const thread = this.process.attachThreadSync();
    const result = step(thread);
    thread.exitThread();
    return result;
  }

  /** Sets the A bit of a block's chunk. */
  claimForeign(block: number): void {
    this.store(block - this.word, this.load(block - this.word) | 4);
  }

  /** A large block in a thread's first heap, and the only one in its second. */
  fillTwoHeaps(thread: Process): [number, number] {
    thread.mallopt(M_MMAP_THRESHOLD, this.heapMax);
    const first = thread.malloc(this.heapMax / 4);
    thread.malloc(2000);
    let last = first;
    while (this.heapOf(last) === this.heapOf(first)) last = thread.malloc(this.heapMax / 4);
    return [first, last];
  }
}

const nothing = (): void => undefined;

const cases: Readonly<Record<string, (s: Scene) => void>> = {
  malloc_arena(s) {
    s.inThread(nothing);
    const block = s.process.malloc(1100);
    s.process.malloc(24);
    s.process.free(block);
    s.claimForeign(block);
    s.process.malloc(1100);
  },
  memalign_arena(s) {
    s.inThread(nothing);
    s.process.malloc(24);
    const size = 1008 + 64 + 4 * s.word;
    const chunk = Math.ceil((size + s.word) / 16) * 16;
    const block = s.process.memalign(64, chunk - s.word);
    s.process.malloc(3000);
    s.process.free(block);
    s.claimForeign(block);
    s.process.memalign(64, 1000);
  },
  fastbin(s) {
    s.inThread(nothing);
    const blocks = Array.from({ length: 9 }, () => s.process.malloc(40));
    for (const block of blocks) s.process.free(block);
    const wrong = blocks[7]! - 2 * s.word + 8;
    s.store(blocks[8]!, ((blocks[8]! >>> PAGE_SHIFT) ^ wrong) >>> 0);
    for (let i = 0; i < 8; i++) s.process.malloc(40);
  },
  heap_arena(s) {
    s.inThread((thread) => {
      const [first, last] = s.fillTwoHeaps(thread);
      s.store(s.heapOf(last), 0);
      thread.free(first);
    });
  },
  heap_fence(s) {
    s.inThread((thread) => {
      const [first, last] = s.fillTwoHeaps(thread);
      const heap = s.heapOf(first);
      const end = heap + s.load(heap + layouts[s.abi].HeapInfo.fields.size.offset);
      s.store(end - 16 + s.word, 33);
      thread.free(last);
    });
  },
  shutdown(s) {
    s.inThread((thread) => {
      const [p, q] = [thread.malloc(40), thread.malloc(40)];
      thread.free(q);
      thread.free(p);
      s.store(p, ((p >>> PAGE_SHIFT) ^ (q + 8)) >>> 0);
    });
  },
  arena_left(s) {
    s.inThread((thread) => s.store(s.attachedAt(s.arenaOf(thread.malloc(1000))), 0));
  },
  arena_free(s) {
    const block = s.inThread((thread) => thread.malloc(1000));
    s.store(s.attachedAt(s.arenaOf(block)), 1);
    s.inThread((thread) => thread.malloc(1000));
  },
  arena_replaced(s) {
    s.inThread(nothing);
    s.store(s.attachedAt(s.process.raw.main_arena() >>> 0), 0);
    for (let i = 0; i < 3; i++) s.process.malloc(s.abi === "ilp32" ? 0x7fff0000 : 2n ** 62n);
  },
};

const recorded = readFileSync(new URL("../golden/threads/aborts.txt", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => /^(\w+) (\w+) (.*)$/.exec(line)!.slice(1) as [Abi, string, string]);

test("every recorded case is here, and no other", () => {
  for (const abi of ["ilp32", "lp64"]) {
    const names = recorded.filter(([of]) => of === abi).map(([, name]) => name);
    expect(names.sort()).toEqual(Object.keys(cases).sort());
  }
});

describe("damage among threads says what glibc says", () => {
  test.each(recorded)("%s %s", (abi, name, message) => {
    const scene = new Scene(abi);
    expect(() => cases[name]!(scene)).toThrow(HeapAbort);
    expect(scene.process.aborted?.message).toBe(message);
  });
});
