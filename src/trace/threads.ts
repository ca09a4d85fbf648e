// The threads of a trace, simulated: each is an instance over the process's memory, and they run
// one at a time, in the order of the trace. So a replay gives the same addresses every time,
// wherever it runs.

import type { Build } from "../binary/exports.js";
import type { Process } from "../process/process.js";
import { MOST_THREADS } from "../process/threads/registry.js";
import type { Abi } from "../layout/address.js";
import { TraceError, type Trace, type Turns } from "./trace.js";

/** Who is who among the instances of a process. */
export interface ThreadsState<B extends Build> {
  readonly current: Process<Abi, B>;
  readonly alive: ReadonlyMap<number, Process<Abi, B>>;
  readonly idle: readonly Process<Abi, B>[];
  readonly instances: readonly Process<Abi, B>[];
}

/** The threads of a process that replays a trace. */
export class Threads<B extends Build> {
  private current: Process<Abi, B>;
  /** The threads that live, by their number in the trace. */
  private alive = new Map<number, Process<Abi, B>>();
  /** Instances whose threads have exited. */
  private idle: Process<Abi, B>[] = [];
  private readonly first: Process<Abi, B>;

  /**
   * @param first the process as its first thread sees it: thread 0
   * @throws TraceError when more threads live at a time than a process can have
   */
  constructor(first: Process<Abi, B>, { name, turns }: Trace) {
    this.first = first;
    this.current = first;
    this.alive.set(0, first);
    // Instances for as many as live at a time, so that a clock does not see them made. One at least
    // where there are threads at all: from the first operation on malloc must know that it is not
    // alone.
    const most = mostAtOnce(turns);
    assertThreads(name, most);
    const made = turns.who.length === 0 ? 0 : Math.max(1, most - 1);
    for (let i = 0; i < made; i++) this.idle.push(first.attachThreadSync());
    for (const instance of this.idle) instance.exitThread();
  }

  /** The thread whose turn it is. */
  get now(): Process<Abi, B> {
    return this.current;
  }

  /** Takes a turn: `who` is the thread to go on with, or `-1 - n` for the exit of thread n. */
  take(who: number): void {
    if (who >= 0) this.current = this.enter(who);
    else this.exit(-1 - who);
  }

  /** It is thread 0's turn again, as before the first operation; the others stay as they are. */
  rewind(): void {
    this.current = this.enter(0);
  }

  /** @returns all instances, thread 0's first, and which of them is who */
  save(): ThreadsState<B> {
    const { current, first } = this;
    const alive = new Map(this.alive);
    const idle = this.idle.slice();
    const others = [...alive.values(), ...idle].filter((instance) => instance !== first);
    return { current, alive, idle, instances: [first, ...others] };
  }

  /** The instances are again who they were; those that came later are idle. */
  resume({ current, alive, idle, instances }: ThreadsState<B>): void {
    const later = this.save().instances.filter((instance) => !instances.includes(instance));
    this.current = current;
    this.alive = new Map(alive);
    this.idle = [...later, ...idle];
  }

  /** Ends all threads that live, in the order of their numbers. */
  exitAll(): void {
    for (const number of [...this.alive.keys()].sort((a, b) => a - b)) this.exit(number);
  }

  private enter(number: number): Process<Abi, B> {
    let thread = this.alive.get(number);
    if (thread !== undefined) return thread;
    thread = this.idle.pop();
    if (thread === undefined) thread = this.first.attachThreadSync();
    else thread.rejoin();
    this.alive.set(number, thread);
    return thread;
  }

  private exit(number: number): void {
    const thread = this.alive.get(number);
    // A thread that never called has nothing to give back.
    if (thread === undefined) return;
    thread.exitThread();
    this.alive.delete(number);
    this.idle.push(thread);
  }
}

/** @throws TraceError when a process cannot have as many threads at a time */
export function assertThreads(name: string, most: number): void {
  if (most > MOST_THREADS)
    throw new TraceError(
      name,
      0,
      `${most} threads at a time, and a process has room for ${MOST_THREADS}`,
    );
}

/** How many threads live at a time, at most, thread 0 included. */
function mostAtOnce({ who }: Turns): number {
  const alive = new Set([0]);
  let most = 1;
  for (const turn of who) {
    if (turn < 0) alive.delete(-1 - turn);
    else alive.add(turn);
    most = Math.max(most, alive.size);
  }
  return most;
}
