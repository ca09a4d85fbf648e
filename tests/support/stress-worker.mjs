// A thread of tests/stress/thread-*: one instance over the process's memory in a worker of its own,
// which does random calls, gives blocks to others and takes theirs, and may be killed at any
// moment. What it has stands in its place's table (thread-blocks.mjs).

import { parentPort, workerData } from "node:worker_threads";
import {
  Command,
  Control,
  ENTRIES,
  Entry,
  ORDER_EXIT,
  Patterns,
  SLOTS,
  State,
  Status,
  Table,
  statusAt,
} from "./thread-blocks.mjs";

/**
 * @typedef {object} WorkerPlan
 * @property {WebAssembly.Module} module
 * @property {WebAssembly.Memory} memory
 * @property {Int32Array} control
 * @property {number} place
 * @property {number} base
 * @property {number} abortAt where a failure's code is put, bytes from the shared state
 * @property {number} locksAt where a thread's lock counters are, bytes from its data
 * @property {boolean} isWide whether a word is a bigint
 * @property {number} seed
 * @property {"" | "overwrite" | "double free" | "lose"} fault what to do wrong, once
 * @property {Int32Array | undefined} seen counts passes of crash points with a lock held
 * @property {boolean} isBusy whether it does little but calls
 * @property {boolean} turns whether threads end and begin anew in the same instance
 */

const plan = /** @type {WorkerPlan} */ (workerData);
const { memory, control, place, base, seen, isWide } = plan;
const status = statusAt(place);
const patterns = new Patterns(memory);
const table = new Table(control, place);
const word = isWide ? BigInt : Number;

let state = (plan.seed ^ 0x5bd1e995) >>> 0;
/**
 * A random number below `limit`.
 * @param {number} limit
 */
function below(limit) {
  state = (state + 0x9e3779b9) >>> 0;
  let z = state;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return ((z ^ (z >>> 15)) >>> 0) % limit;
}

/** @param {number} which */
const get = (which) => Atomics.load(control, status + which);
/**
 * @param {number} which
 * @param {number} value
 */
const set = (which, value) => Atomics.store(control, status + which, value);
/** @param {number} which */
const count = (which) => Atomics.add(control, status + which, 1);

/** @param {number} point */
function crashPoint(point) {
  // `raw` is not there yet while the instance is made, which makes no stores.
  if (raw.locks_held() === 0) return;
  if (seen !== undefined) Atomics.add(seen, point, 1);
  if (point !== get(Status.TARGET) || Atomics.sub(control, status + Status.PASSES, 1) > 1) return;
  set(Status.PARKED, 1);
  for (;;) Atomics.wait(control, Control.NEVER, 0);
}

/**
 * @param {number} code
 * @param {number} address
 */
function fail(code, address) {
  const at = (raw.shared_state() >>> 0) + plan.abortAt;
  Atomics.store(new Int32Array(memory.buffer), at >>> 2, code);
  throw new Error(`failure ${code} at 0x${(address >>> 0).toString(16)}`);
}

const instance = new WebAssembly.Instance(plan.module, {
  env: { memory, crash_point: crashPoint },
  host: { fail },
});
/**
 * @typedef {"malloc" | "calloc" | "realloc" | "memalign" | "free" | "malloc_trim" |
 *   "malloc_usable_size" | "mallinfo2"
 *   | "attach" | "share" | "thread_exit" | "thread_data" | "shared_state" | "locks_held"} CallName
 */
const raw = /** @type {Record<CallName, (...args: unknown[]) => any>} */ (
  /** @type {unknown} */ (instance.exports)
);

/** Indices of entries that are empty, and of those that are not. @type {number[]} */
const empty = [];
/** @type {number[]} */
const full = [];
for (let index = 0; index < ENTRIES; index++)
  (table.state(index) === Entry.EMPTY ? empty : full).push(index);

function attach() {
  const number = raw.attach(base);
  if (number <= 0) throw new Error(`attach: ${number}`);
  raw.share(1);
  set(Status.NUMBER, number);
}

/** Ends this thread, but for the instance. */
function exit() {
  raw.thread_exit();
  const at = ((raw.thread_data() >>> 0) + plan.locksAt) >>> 2;
  const [contended = 0, waited = 0] = new Uint32Array(memory.buffer).subarray(at, at + 2);
  Atomics.add(control, status + Status.CONTENDED, contended);
  Atomics.add(control, status + Status.WAITED, waited);
}

function randomSize() {
  const kind = below(64);
  if (kind === 0) {
    const size = below(16) === 0 ? below(3_000_000) : below(400_000);
    if (size > 1_048_576) count(Status.LARGE);
    return size;
  }
  if (kind < 6) return below(20_000);
  return kind < 24 ? below(3000) : below(500);
}

function allocate() {
  const index = empty.pop();
  if (index === undefined) return free();
  const size = randomSize();
  const kind = below(12);
  const alignment = kind === 1 ? 32 << below(8) : 0;
  table.put(index, Entry.ASKING, { address: 0, size: size + 2 * alignment, seed: 0 });
  let address;
  if (kind === 0) address = raw.calloc(word(1), word(size));
  else if (kind === 1) address = raw.memalign(word(alignment), word(size));
  else address = raw.malloc(word(size));
  const block = { address: Number(address) >>> 0, size, seed: plan.seed + (get(Status.OPS) << 8) };
  if (block.address === 0) {
    count(Status.NULLS);
    table.put(index, Entry.EMPTY);
    empty.push(index);
    return;
  }
  if (alignment !== 0 && block.address % alignment !== 0)
    throw new Error(`memalign(${alignment}) gives 0x${block.address.toString(16)}`);
  table.put(index, Entry.FRESH, block);
  if (kind === 0) patterns.checkZero(block);
  if (below(32) === 0 && Number(raw.malloc_usable_size(word(block.address))) < size)
    throw new Error("a block is smaller than it should be");
  patterns.fill(block);
  table.put(index, Entry.FILLED);
  full.push(index);
}

/** Takes a random entry that is not empty out of the list, its block as it should be. */
function chooseBlock() {
  const at = below(full.length);
  const index = full[at] ?? 0;
  full[at] = full[full.length - 1] ?? 0;
  full.pop();
  if (table.state(index) === Entry.FILLED) patterns.check(table.block(index));
  return index;
}

function free() {
  const index = chooseBlock();
  const { address } = table.block(index);
  table.put(index, Entry.GOING);
  raw.free(word(address));
  table.put(index, Entry.EMPTY);
  empty.push(index);
}

function resize() {
  const index = chooseBlock();
  if (table.state(index) !== Entry.FILLED) {
    full.push(index);
    return;
  }
  const old = table.block(index);
  // Often a little more, or less, than it is: in place.
  const size = below(2) === 0 ? old.size + 1 + below(200) : randomSize() + 1;
  table.resizing(index, size);
  const address = Number(raw.realloc(word(old.address), word(size))) >>> 0;
  if (address === 0) {
    count(Status.NULLS);
    table.put(index, Entry.FRESH, old);
    patterns.check(old);
    table.put(index, Entry.FILLED);
  } else {
    const block = { address, size, seed: old.seed + 1 };
    table.put(index, Entry.FRESH, block);
    patterns.check(old, address, Math.min(size, old.size));
    patterns.fill(block);
    table.put(index, Entry.FILLED);
  }
  full.push(index);
}

function give() {
  const index = chooseBlock();
  if (table.state(index) === Entry.FILLED && table.give(index, below(SLOTS))) {
    count(Status.GIVEN);
    empty.push(index);
  } else {
    full.push(index);
  }
}

/** @param {number} slot */
function take(slot) {
  const index = empty.pop();
  if (index === undefined) return;
  const isTaken = table.take(index, slot);
  if (isTaken) count(Status.TAKEN);
  (isTaken ? full : empty).push(index);
}

/** What is seldom done. */
function rarity() {
  const kind = below(8);
  if (kind < 2) {
    raw.malloc_trim(word(below(2) * 65536));
    count(Status.TRIMS);
  } else if (kind === 2) {
    // Its own: mallinfo2 is as large as ten words.
    const index = empty.pop();
    if (index === undefined) return;
    table.put(index, Entry.ASKING, { address: 0, size: 80, seed: 0 });
    const address = Number(raw.malloc(word(80))) >>> 0;
    if (address !== 0) raw.mallinfo2(word(address));
    raw.free(word(address));
    table.put(index, Entry.EMPTY);
    empty.push(index);
  } else if (kind === 3) {
    release(full.length >> 1);
  } else if (kind === 4 && plan.turns) {
    exit();
    count(Status.TURNS);
    attach();
  }
}

/** Frees until `left` blocks are left. @param {number} left */
function release(left) {
  while (full.length > left) free();
}

/**
 * Many calls on end, which chop up the arena, and a look at all of it: a thread that is killed is
 * probably in one of them.
 */
function burst() {
  /** @type {number[]} */
  const taken = [];
  for (let left = Math.min(48, empty.length); left > 0; left--) {
    const index = empty.pop() ?? 0;
    const size = 16 + below(3000);
    table.put(index, Entry.ASKING, { address: 0, size, seed: 0 });
    const address = Number(raw.malloc(word(size))) >>> 0;
    table.put(index, address === 0 ? Entry.EMPTY : Entry.FRESH, { address, size, seed: 0 });
    (address === 0 ? empty : taken).push(index);
  }
  while (taken.length > 0) {
    const at = below(taken.length);
    const index = taken[at] ?? 0;
    taken[at] = taken[taken.length - 1] ?? 0;
    taken.pop();
    const { address } = table.block(index);
    table.put(index, Entry.GOING);
    raw.free(word(address));
    table.put(index, Entry.EMPTY);
    empty.push(index);
    if (taken.length === 24) raw.malloc_trim(word(0));
  }
}

/** What a canary does wrong. */
function misbehave() {
  const index = full.find((one) => table.state(one) === Entry.FILLED && table.block(one).size > 0);
  if (index === undefined) throw new Error("nothing to spoil");
  const block = table.block(index);
  if (plan.fault === "overwrite") patterns.spoil(block);
  if (plan.fault === "double free") raw.free(word(block.address));
  if (plan.fault === "lose") {
    full.splice(full.indexOf(index), 1);
    table.put(index, Entry.EMPTY);
    empty.push(index);
  }
}

/** How many blocks it tends to have: that changes, so heaps grow and shrink. */
let aim = ENTRIES >> 1;

function step() {
  const ops = count(Status.OPS);
  if (ops === 400 && plan.fault !== "") misbehave();
  if (below(400) === 0) aim = 8 + below(ENTRIES - 16);
  if (plan.isBusy && below(4) !== 0) return burst();
  const kind = below(100);
  if (kind === 0) return rarity();
  if (kind < 7) return take(below(SLOTS));
  if (full.length === 0) return allocate();
  if (kind < 13) return give();
  if (kind < 25) return resize();
  const isLow = full.length < aim;
  return below(8) < (isLow ? 6 : 2) ? allocate() : free();
}

function pause() {
  set(Status.STATE, State.PAUSED);
  Atomics.wait(control, Control.COMMAND, Command.PAUSE);
  set(Status.STATE, State.RUNNING);
}

function run() {
  attach();
  set(Status.STATE, State.RUNNING);
  while (get(Status.ORDER) !== ORDER_EXIT) {
    const command = Atomics.load(control, Control.COMMAND);
    if (command === Command.FINISH) {
      release(0);
      for (let slot = 0; slot < SLOTS; slot++) take(slot);
      release(0);
      break;
    }
    if (command === Command.PAUSE) pause();
    else step();
  }
  exit();
  set(Status.STATE, State.ENDED);
}

try {
  run();
} catch (error) {
  Atomics.add(control, Control.FAILURES, 1);
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  parentPort?.postMessage(
    `place ${place}, seed ${plan.seed}, operation ${get(Status.OPS)}: ${text}`,
  );
}
