// Runs a trace of several threads on the WebAssembly side and writes what native/threads.c writes.

import { infoLine } from "../../src/trace/address-log.js";
import { mallocInfo, mallocStats } from "../../src/inspect/malloc-info.js";
import { parseTrace } from "../../src/trace/parse.js";
import { replayAddresses } from "../../src/trace/replay.js";
import { optionsOf } from "./machine.js";
import type { GlibcName } from "../../src/binary/glibc.js";
import type { Abi } from "../../src/layout/address.js";
import type { ReplaySession } from "../../src/trace/session.js";

/** How to run it; see the options of native/threads.c. */
export interface ThreadRun {
  tunables?: string;
  cores?: number;
  mallopts?: readonly (readonly [number, number])[];
  /** Lines of operations whose index is a multiple of this (default 1). */
  sample?: number;
  build?: "replay" | "checked";
  /** Which glibc it is to be; "2.36" without. */
  glibc?: GlibcName;
}

/**
 * @param trace in .rep format
 * @returns the address log, its hash, and three reports: after the last operation, after all
 *   threads' exit, after malloc_trim(0)
 */
export function runThreads(trace: string | Uint8Array, abi: Abi, run: ThreadRun): string {
  const bytes = typeof trace === "string" ? new TextEncoder().encode(trace) : trace;
  const parsed = parseTrace(bytes, "trace");
  const decoder = new TextDecoder();
  let lines = "";
  let reports = "";
  const onEnd = (session: ReplaySession) => {
    const report = (when: string) => {
      const { process } = session;
      const info = infoLine(process, Math.max(0, parsed.count - 1));
      reports += `== ${when}\n${info}\n${mallocStats(process)}${mallocInfo(process)}`;
    };
    report("after the last operation");
    session.exitAll();
    report("after all threads");
    report(`after malloc_trim: ${session.process.trim() ? 1 : 0}`);
  };
  const log = replayAddresses(
    parsed,
    {
      abi,
      layout: "top-down",
      tunables: run.tunables ?? "",
      // A tunable that a version does not have is nothing to it.
      lenientTunables: true,
      build: run.build ?? "replay",
      ...optionsOf(run.glibc),
      ...(run.cores === undefined ? {} : { cores: run.cores }),
    },
    {
      sample: run.sample ?? 1,
      sink: (part) => (lines += decoder.decode(part)),
      onStart: ({ process }) => {
        for (const [param, value] of run.mallopts ?? []) process.mallopt(param, value);
      },
      onEnd,
    },
  );
  lines = lines.replace(/info .*\n$/, "");
  const { addressHash, addressAndSizeHash } = log;
  const hash = `hash addr=${addressHash} addr+size=${addressAndSizeHash} lines=${log.lines}\n`;
  return `${lines}${hash}${reports}`;
}
