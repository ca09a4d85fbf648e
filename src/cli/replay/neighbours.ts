// Whether other programs used the machine while something was measured: then times say little.

import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { cpuUsage } from "node:process";

/** Of a processor, what others may use before it is worth a word. */
const TOLERATED = 0.25;

/** What others did; in processors, so 1.5 is one and a half of them all the time. */
export interface Neighbours {
  /** Other programs of this machine. */
  readonly others: number;
  /** What a virtual machine's host kept for itself; 0 where nobody tells. */
  readonly stolen: number;
  /** Runnable programs in the last minute, this one included (man 3 getloadavg). */
  readonly load: number;
  readonly isBusy: boolean;
}

interface Ticks {
  readonly at: number;
  /** Milliseconds of all processors together, and of this process. */
  readonly all: number;
  readonly own: number;
  readonly stolen: number;
}

function ticks(): Ticks {
  const { user, system } = cpuUsage();
  const all = cpus().reduce(
    (sum, { times }) => sum + times.user + times.nice + times.sys + times.irq,
    0,
  );
  return { at: performance.now(), all, own: (user + system) / 1000, stolen: stolenMs() };
}

/** Linux counts it in ticks of 10 ms, the eighth number of the first line (man 5 proc_stat). */
function stolenMs(): number {
  try {
    const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n");
    return Number(line.split(/ +/)[8] ?? 0) * 10;
  } catch {
    return 0;
  }
}

/** Begins to watch. @returns a function that says what others did from then until now */
export function watchNeighbours(): () => Neighbours {
  const before = ticks();
  return () => {
    const now = ticks();
    const passed = Math.max(now.at - before.at, 1);
    const others = Math.max(0, now.all - before.all - (now.own - before.own)) / passed;
    const stolen = Math.max(0, now.stolen - before.stolen) / passed;
    return { others, stolen, load: loadavg()[0] ?? 0, isBusy: others + stolen > TOLERATED };
  };
}

/** @returns a warning for a busy machine, else "" */
export function neighboursText({ others, stolen, load, isBusy }: Neighbours): string {
  if (!isBusy) return "";
  const host = stolen > 0.05 ? ` and its host ${stolen.toFixed(1)}` : "";
  return (
    `The machine was busy: other programs had ${others.toFixed(1)}${host} of its ` +
    `${cpus().length} processors meanwhile (load ${load.toFixed(1)}). Times are worse than they could be.`
  );
}
