// The recorded programs, and how they are played on a profile's checked build.

import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Profile } from "../../src/binary/profile.js";
import type { Abi } from "../../src/layout/address.js";
import { parseTrace } from "../../src/trace/parse.js";
import { Player, type Step } from "../../src/trace/player.js";
import { Threads } from "../../src/trace/threads.js";
import type { Trace } from "../../src/trace/trace.js";
import { start, type Checked } from "./throughput.js";

const TRACES = new URL("../../traces/", import.meta.url);

/** The names of all recordings. */
export const names = readdirSync(TRACES, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".rep.gz"))
  .map((name) => name.replace(".rep.gz", ""))
  .sort();

const traces = new Map<string, Trace>();

/** A recording, by its name. */
export function traceOf(name: string): Trace {
  const known = traces.get(name);
  if (known !== undefined) return known;
  const trace = parseTrace(gunzipSync(readFileSync(new URL(`${name}.rep.gz`, TRACES))), name);
  traces.set(name, trace);
  return trace;
}

/** A process of a profile on the checked build, and who plays a trace in it. */
export function playerOf(
  trace: Trace,
  { abi, profile }: { abi: Abi; profile: Profile },
  observer: (process: Checked, step: Step) => void,
): [Checked, Player] {
  const process = start(abi, { profile });
  const threads = new Threads(process, trace);
  const quiet = new WeakSet<object>();
  const callers = {
    get now() {
      const { now } = threads;
      // Each instance begins with a check at every call.
      if (!quiet.has(now)) now.raw.verify_calls(0);
      quiet.add(now);
      return now;
    },
    take: (who: number) => threads.take(who),
  };
  return [process, new Player(trace, callers, (step) => observer(process, step))];
}
