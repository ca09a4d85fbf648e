// Traces replayed on real workers: recordings of programs with several threads, random traces,
// traces made to be awkward; and what the replay must notice when its plan is broken, a block is
// damaged, a call fails or a worker is killed.

import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { spawnNodeWorker } from "../../src/cli/replay/node-workers.js";
import type { ProcessHandle } from "../../src/process/threads/join.js";
import type { Abi } from "../../src/layout/address.js";
import { observe } from "../../src/trace/measure.js";
import { parseTrace } from "../../src/trace/parse.js";
import {
  HAND,
  HAND_BITS,
  OP_WORDS,
  WAITS,
  type Schedule,
} from "../../src/trace/workers/schedule.js";
import { placeOf, type SharedRun } from "../../src/trace/workers/shared-run.js";
import type { Trace } from "../../src/trace/trace.js";
import { ReplayError, type ReplayWorker } from "../../src/trace/workers/crew.js";
import {
  replayOnWorkers,
  type WorkerReplayOptions,
  type WorkersOutcome,
} from "../../src/trace/workers/replay.js";
import { generateThreads } from "../fuzz/threads.js";
import { Prng } from "../support/prng.js";

const TRACES = new URL("../../traces/threads/", import.meta.url);
const HEADER = "0\n0\n0\n1\n";

type Options = Omit<WorkerReplayOptions, "spawn"> & { spawn?: WorkerReplayOptions["spawn"] };

function parse(text: string): Trace {
  return parseTrace(new TextEncoder().encode(HEADER + text), "t.rep");
}

/** Replays a trace once, with all checks. */
async function replay(trace: Trace, options: Options): Promise<WorkersOutcome> {
  const outcome = observe(trace, { ...options.process });
  return replayOnWorkers(trace, outcome, { spawn: spawnNodeWorker, ...options });
}

/** @returns the message with which a replay fails */
async function failure(trace: Trace, options: Options = { process: {} }): Promise<string> {
  const error: unknown = await replay(trace, options).catch((thrown: unknown) => thrown);
  if (!(error instanceof ReplayError)) throw new Error("no ReplayError", { cause: error });
  return error.message;
}

/** What a trace leaves behind, counted without the replayer's own books. */
function leftBy(text: string): { liveBlocks: number; liveBytes: number } {
  const live = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [kind = "", id = "", x = "", y = ""] = line.split(" ");
    if (kind === "f") live.delete(id);
    else if (kind === "a" || kind === "r") live.set(id, Number(x));
    else if (kind === "c") live.set(id, Number(x) * Number(y));
    else if (kind === "m") live.set(id, Number(y));
  }
  const liveBytes = [...live.values()].reduce((sum, size) => sum + size, 0);
  return { liveBlocks: live.size, liveBytes };
}

describe("recordings of real programs", () => {
  const names = readdirSync(TRACES);
  for (const abi of ["ilp32", "lp64"] satisfies Abi[]) {
    it.each(names)(`%s, ${abi}`, async (name) => {
      const bytes = gunzipSync(readFileSync(new URL(name, TRACES)));
      const trace = parseTrace(bytes, name);
      const plans: { mostWorkers?: number; freshIds?: boolean }[] =
        abi === "ilp32" ? [{}, { mostWorkers: 2 }] : [{ freshIds: true }];
      for (const plan of plans) {
        const { threads, workers, inspection, refusedCount } = await replay(trace, {
          process: { abi },
          ...plan,
        });
        expect(threads).toHaveLength(5);
        expect(workers).toBe(plan.mostWorkers ?? 5);
        expect(threads.reduce((sum, { operations }) => sum + operations, 0)).toBe(trace.count);
        expect(inspection).toMatchObject(leftBy(bytes.toString("latin1")));
        expect(refusedCount).toBe(0);
        expect(inspection.arenas.length).toBeGreaterThan(1);
        expect(inspection.mallocInfo.match(/<heap nr=/g)).toHaveLength(inspection.arenas.length);
      }
    });
  }
});

describe("random traces", () => {
  it.each([1, 19, 103])("of seed %i", async (seed) => {
    for (const abi of ["ilp32", "lp64"] satisfies Abi[]) {
      const { text, tunables, cores } = generateThreads(seed, abi);
      const trace = parse(text.slice(HEADER.length));
      const mostWorkers = new Prng(seed).pick([Infinity, 1, 2, 3]);
      const process = { abi, tunables, cores, taskSize: 2 ** 32 - 65536 };
      const { inspection } = await replay(trace, { process, mostWorkers });
      expect(inspection.liveBlocks).toBeGreaterThan(0);
    }
  });
});

describe("awkward traces", () => {
  it("turns after every call, blocks freed and resized by others, numbers that come again", async () => {
    const random = new Prng(5);
    const lines: string[] = [];
    const live: number[] = [];
    let alive = [0, 1, 2, 3];
    for (let id = 0; lines.length < 12_000; id++) {
      lines.push(`t ${random.pick(alive)}`, `a ${id} ${random.int(1, 3000)}`);
      live.push(id);
      if (live.length > 60) {
        const [old] = live.splice(random.int(0, 59), 1);
        lines.push(`t ${random.pick(alive)}`, `r ${old} ${random.int(1, 5000)}`);
        lines.push(`t ${random.pick(alive)}`, `f ${old}`);
      }
      if (random.chance(0.02) && alive.length > 1) {
        const gone = random.pick(alive);
        lines.push(`x ${gone}`);
        alive = alive.filter((thread) => thread !== gone);
      }
      if (random.chance(0.02)) alive = [...new Set([...alive, random.int(0, 5)])];
    }
    const text = lines.join("\n");
    const trace = parse(text);
    for (const mostWorkers of [undefined, 2]) {
      const { threads, workers, inspection } = await replay(trace, { process: {}, mostWorkers });
      expect(threads.length).toBeGreaterThan(20);
      expect(workers).toBe(mostWorkers ?? 6);
      expect(inspection).toMatchObject(leftBy(text));
    }
  });

  it("no threads: one worker, without locks", async () => {
    const text =
      "a 0 24\nc 1 3 100\nm 2 24 200000\nr 0 5000\na 3 99999999999999\nf 1\nr 0 0\nf 9\n";
    const trace = parse(text);
    const { workers, threads, refusedCount, inspection } = await replay(trace, { process: {} });
    expect({ workers, refusedCount }).toEqual({ workers: 1, refusedCount: 1 });
    expect(threads).toMatchObject([{ number: 0, operations: 8, waits: 0, contended: 0, arena: 0 }]);
    expect(inspection).toMatchObject({ liveBlocks: 1, liveBytes: 200_000 });
    expect(inspection.arenas).toHaveLength(1);
  });

  it("no operations; threads that never call; 128 threads at a time", async () => {
    expect(await replay(parse(""), { process: {} })).toMatchObject({ workers: 1 });
    expect(await replay(parse("t 1\nt 2\nx 1\nx 5\n"), { process: {} })).toMatchObject({
      workers: 3,
      inspection: { liveBlocks: 0 },
    });
    const turns = Array.from({ length: 128 }, (_, n) => `t ${n}\na ${n} 50\nf ${n - 1}\n`);
    const crowd = await replay(parse(turns.join("")), { process: {}, mostWorkers: 2 });
    expect(crowd.threads).toHaveLength(128);
    expect(crowd.inspection).toMatchObject({ liveBlocks: 1, liveBytes: 50 });
  });

  it("measures, again and again in one heap and in others", async () => {
    const text = "a 0 100\nt 1\na 1 100\nf 0\nx 1\nt 2\nf 1\na 2 50\nt 1\nr 2 500\n";
    const measure = { repeat: 3 };
    const { times, threads } = await replay(parse(text), { process: {}, measure });
    expect(times?.warm.samples).toHaveLength(3);
    expect(times?.cold.samples).toHaveLength(3);
    expect(times?.cold.best).toBeGreaterThan(0);
    expect(threads.map(({ number, operations }) => [number, operations])).toEqual([
      ...[
        [0, 1],
        [1, 2],
        [2, 2],
      ],
      [1, 1],
    ]);
  });
});

/**
 * Thread 1's f 1 is in front of its a 2, which thread 0 waits for before it makes the block 1: an
 * order that the trace does not have.
 */
const CROSSED = parse("t 1\na 2 10\nt 0\nr 2 20\na 1 10\nt 1\nf 1\nr 2 30\n");

/** Breaks the plan of CROSSED. */
function crossed(schedule: Schedule, isWaiting: boolean): void {
  const { ops, source, previous, parts } = schedule;
  const first = parts[1]!.begin;
  for (const [array, words] of [
    [ops, OP_WORDS],
    [source, 1],
    [previous, 1],
  ] satisfies [Uint32Array, number][]) {
    const one = array.slice(first * words, (first + 1) * words);
    array.copyWithin(first * words, (first + 1) * words, (first + 2) * words);
    array.set(one, (first + 1) * words);
  }
  if (!isWaiting) ops[first * OP_WORDS + HAND]! &= ~WAITS;
}

describe("canaries: a broken table is noticed", () => {
  it("the whole one is not", async () => {
    const { inspection } = await replay(CROSSED, { process: {} });
    expect(inspection).toMatchObject({ liveBlocks: 1, liveBytes: 30 });
  });

  it("an operation that does not wait", async () => {
    const onPlan = (schedule: Schedule) => crossed(schedule, false);
    expect(await failure(CROSSED, { process: {}, onPlan })).toBe(
      "t.rep:11: thread 1: what line 9 does to its block, which comes before, has not been done",
    );
  });

  it("workers that wait for each other", async () => {
    const onPlan = (schedule: Schedule) => crossed(schedule, true);
    expect(await failure(CROSSED, { process: {}, onPlan })).toMatch(
      /^t\.rep:(11: thread 1|8: thread 0): all workers wait for each other$/,
    );
  });

  it("a hand-over that never comes", async () => {
    const onPlan = ({ ops, parts }: Schedule) => {
      ops[parts[1]!.begin * OP_WORDS + HAND]! += 1 << HAND_BITS;
    };
    const trace = parse("a 0 1\nt 1\nf 0\n");
    expect(await failure(trace, { process: {}, onPlan })).toBe(
      "t.rep:7: thread 1: all workers wait for each other",
    );
  });
});

/** What a test does to the replay between its steps. */
interface Meddling {
  /** Before a worker is asked to run. */
  beforeRun?: (run: SharedRun, worker: number, one: ReplayWorker) => void;
  /** After worker 0 has run. */
  afterRun?: (run: SharedRun, memory: WebAssembly.Memory) => void;
}

/** @returns options that let a test at what the workers share */
function meddled({ beforeRun, afterRun }: Meddling): Options & { run?: SharedRun } {
  let run: SharedRun | undefined;
  let memory: WebAssembly.Memory | undefined;
  return {
    process: {},
    onPlan: (_, shared) => {
      run = shared;
    },
    spawn: (worker) => {
      const one = spawnNodeWorker();
      let asked = "";
      return {
        ...one,
        post(request) {
          asked = request.name;
          if (asked === "run") beforeRun?.(run!, worker, one);
          one.post(request);
        },
        listen(onAnswer, onEnd) {
          one.listen((answer) => {
            if (asked === "start" && "answer" in answer)
              memory = (answer.answer as ProcessHandle).memory;
            if (asked === "run" && worker === 0) afterRun?.(run!, memory!);
            onAnswer(answer);
          }, onEnd);
        },
      };
    },
  };
}

describe("what goes wrong", () => {
  // Their slots: each worker's begin with a line of the cache.
  const two = parse("a 0 100\nt 1\na 1 200\nt 0\nr 5 10\n");
  const [ZERO, ONE, FIVE] = [16, 32, 17] as const;

  it("the end of the process names thread and line", async () => {
    const options = meddled({
      beforeRun: (run) => {
        run.blocks[FIVE] = 24;
      },
    });
    // r 5 finds a block that malloc never gave.
    // Natively the header is read first, where nothing is mapped.
    expect(await failure(two, options)).toMatch(
      /^t\.rep:9: thread 0: Segmentation fault: nothing is mapped at 0x/,
    );
  });

  it("a block that somebody wrote into", async () => {
    const options = meddled({
      afterRun: (run, memory) => {
        const bytes = new Uint8Array(memory.buffer);
        bytes[run.blocks[ONE]! + 199]! ^= 1;
      },
    });
    expect(await failure(two, options)).toMatch(
      /^t\.rep: byte 199 of the block at 0x[0-9a-f]+, which has 200, is not what line 7 wrote$/,
    );
  });

  it("a block that is lost", async () => {
    const options = meddled({
      afterRun: (run) => {
        run.blocks[ZERO] = 0;
      },
    });
    expect(await failure(two, options)).toBe(
      "t.rep: 2 blocks of 210 bytes are live at the end; the trace leaves 3 of 310",
    );
  });

  it("a heap that is damaged", async () => {
    const options = meddled({
      afterRun: (run, memory) => {
        // The size of the chunk behind it.
        new Uint32Array(memory.buffer)[(run.blocks[ZERO]! + 108) >> 2] = 0x5555_5550;
      },
    });
    expect(await failure(two, options)).toMatch(/^t\.rep: heap invariant \w+ does not hold at 0x/);
  });

  it("a request that simulated threads get", async () => {
    const trace = parse("a 0 400000000\nt 1\na 1 400000000\na 2 400000000\n");
    const process = { taskSize: 2 ** 30 };
    const outcome = observe(trace, {});
    const replayed = replayOnWorkers(trace, outcome, { process, spawn: spawnNodeWorker });
    await expect(replayed).rejects.toThrow(
      /^t\.rep:[578]: thread [01]: 400000000 bytes were refused, which simulated threads get$/,
    );
  });

  it.each([
    ["tunables", { tunables: "glibc.malloc.tcache_count=many" }, /tcache_count/],
    ["no room", { taskSize: 65536 * 2 }, /RangeError/],
  ])("a process that cannot be started: %s", async (_, process, message) => {
    const outcome = observe(two, {});
    const replayed = replayOnWorkers(two, outcome, { process, spawn: spawnNodeWorker });
    await expect(replayed).rejects.toThrow(message);
  });
});

describe("a worker that is killed", () => {
  /** Two threads with much to do, for which they meet at one arena's lock. */
  const busy = (() => {
    const lines: string[] = [];
    for (let id = 0; id < 200_000; id++) {
      if (id % 500 === 0) lines.push(`t ${(id / 500) % 2}`);
      lines.push(`a ${id} ${2000 + ((id * 7919) % 9000)}`);
      if (id >= 100) lines.push(`f ${id - 100}`);
    }
    return parse(lines.join("\n"));
  })();
  const process = { tunables: "glibc.malloc.arena_max=1" };

  it.each([0, 1])("before it runs: worker %i", async (killed) => {
    const options = meddled({
      beforeRun: (_, worker, one) => {
        if (worker === killed) void one.terminate();
      },
    });
    expect(await failure(busy, { ...options, process })).toMatch(
      new RegExp(`^t\\.rep:\\d+: thread ${killed}: its worker ended: exit code 1$`),
    );
  });

  it.each([0, 1, 0, 1])("in the middle: worker %i", async (killed) => {
    const options = meddled({
      beforeRun: (run, worker, one) => {
        if (worker !== killed) return;
        const timer = setInterval(() => {
          if (placeOf(run, killed) % 200_000 < 1000) return;
          clearInterval(timer);
          void one.terminate();
        }, 1);
      },
    });
    const message = await failure(busy, { ...options, process });
    const line = Number(/^t\.rep:(\d+): thread [01]: its worker ended: /.exec(message)?.[1]);
    expect(message).toContain(`thread ${killed}:`);
    expect(busy.lines.includes(line)).toBe(true);
  });
});
