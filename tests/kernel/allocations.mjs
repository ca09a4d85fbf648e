#!/usr/bin/env node
// How many bytes of JavaScript's heap a raw system call takes, as JSON: by layout, with tracing off
// and on, by call. And how often the engine collected young objects while tracing was off: if ever,
// the bytes are too few. Usage: node --expose-gc --min-semi-space-size=128
// --max-semi-space-size=128 tests/kernel/allocations.mjs
import { PerformanceObserver, constants } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import { withModule } from "../oracle/load-ts.mjs";

const WARM_UP_ROUNDS = 20_000;
const ROUNDS = 100_000;
/** With tracing on: few, as the machine keeps what is reported. */
const TRACED_ROUNDS = 1000;

const PRIVATE = 0x22;
const SHARED = 0x21;
const FIXED = 0x10;
const POPULATE = 0x8000;

/** @typedef {import("./support/machine.js").Machine} Machine */
/** @typedef {(number | bigint)[]} Call number and words, ready-made */

/**
 * The calls of a round, by what they show. A round leaves everything as it was.
 * @param {Machine} machine
 * @param {number} page bytes
 * @returns {Record<string, Call[]>}
 */
function roundsOf(machine, page) {
  const area = machine.call("mmap", 0, 8 * page, 3, PRIVATE, -1);
  const [inside, end, vector] = [area + 2 * page, area + 8 * page, area + page];
  const addressSpace = 9;
  machine.call("getrlimit", addressSpace, area);
  const heap = machine.process.startBrk;
  /** @type {Record<string, [import("./support/machine.js").CallName, ...number[]][]>} */
  const rounds = {
    brk: [
      ["brk", heap + 3 * page],
      ["brk", heap],
    ],
    mmap: [
      ["mmap", 0, page, 3, PRIVATE, -1],
      ["munmap", end, page],
    ],
    "mmap, populated": [
      ["mmap", 0, page, 3, PRIVATE | POPULATE, -1],
      ["munmap", end, page],
    ],
    "mmap, shared": [
      ["mmap", 0, page, 3, SHARED, -1],
      ["munmap", end, page],
    ],
    munmap: [
      ["munmap", inside, page],
      ["mmap", inside, page, 3, PRIVATE | FIXED, -1],
    ],
    mremap: [
      ["mremap", area, 8 * page, 9 * page],
      ["mremap", area, 9 * page, 8 * page],
    ],
    mprotect: [
      ["mprotect", inside, page, 1],
      ["mprotect", inside, page, 3],
    ],
    madvise: [["madvise", inside, page, 4]],
    msync: [["msync", inside, page, 1]],
    mincore: [["mincore", area, 8 * page, vector]],
    mlock: [
      ["mlock", inside, page],
      ["munlock", inside, page],
    ],
    mlock2: [
      ["mlock2", inside, page, 1],
      ["munlock", inside, page],
    ],
    mlockall: [["mlockall", 2], ["munlockall"]],
    getrlimit: [["getrlimit", addressSpace, area]],
    setrlimit: [["setrlimit", addressSpace, area]],
    prlimit64: [["prlimit64", 0, addressSpace, 0, area]],
    mbind: [["mbind", inside, page, 0, 0, 0, 0]],
    getpid: [["getpid"]],
    gettid: [["gettid"]],
  };
  const pages = machine.mm("totalVm");
  for (const call of Object.values(rounds).flat()) {
    const result = machine.call(...call);
    if (result < 0) throw new Error(`${machine.abi}: ${call.join(" ")} = ${result}`);
  }
  if (machine.mm("totalVm") !== pages) throw new Error("the rounds leave something behind");
  const ready = Object.entries(rounds).map(([name, calls]) => [
    name,
    calls.map((call) => machine.rawArguments(...call)),
  ]);
  return Object.fromEntries([...ready, ["refused", [machine.rawArguments("munmap", 1, page)]]]);
}

/**
 * Makes the calls, and no object.
 * @param {Machine} machine
 * @param {Call[]} calls
 * @param {number} rounds
 */
function run(machine, calls, rounds) {
  const syscall = /** @type {(...call: any[]) => number | bigint} */ (machine.process.raw.syscall);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < calls.length; i++) {
      const call = /** @type {Call} */ (calls[i]);
      syscall(call[0], call[1], call[2], call[3], call[4], call[5], call[6]);
    }
  }
}

/**
 * @param {Machine} machine
 * @param {Record<string, Call[]>} rounds
 * @param {number} count
 * @returns {Record<string, number>} bytes a call
 */
function measure(machine, rounds, count) {
  /** @type {Record<string, number>} */
  const bytes = {};
  for (const [name, calls] of Object.entries(rounds)) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    run(machine, calls, count);
    bytes[name] = (process.memoryUsage().heapUsed - before) / (count * calls.length);
  }
  return bytes;
}

if (!globalThis.gc) throw new Error("to be run with --expose-gc");
await withModule("tests/kernel/support/machine.ts", async ({ Machine, PAGE }) => {
  const found = [];
  for (const abi of ["ilp32", "lp64"]) {
    const machine = new Machine({ abi });
    const rounds = roundsOf(machine, PAGE);
    measure(machine, rounds, WARM_UP_ROUNDS);
    let collections = 0;
    const observer = new PerformanceObserver((list) => {
      for (const { detail } of /** @type {any[]} */ (list.getEntries()))
        if (detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) collections++;
    });
    observer.observe({ entryTypes: ["gc"] });
    const untraced = measure(machine, rounds, ROUNDS);
    await setImmediate();
    observer.disconnect();
    machine.trace(true);
    found.push({ abi, untraced, collections, traced: measure(machine, rounds, TRACED_ROUNDS) });
  }
  console.log(JSON.stringify(found));
});
