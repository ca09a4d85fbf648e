// Plays a step of a tour in a real process: what it prints, and the heap as it is afterwards.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import picocolors from "picocolors";
import { tryFree, tryMalloc, type Verdict } from "../../src/inspect/dry-run.js";
import type { HeapView } from "../../src/inspect/chunks.js";
import { startKernelSync, type Kernel } from "../../src/kernel.js";
import { addressOf } from "../../src/shell/commands/address.js";
import { lineOf } from "../../src/shell/lines.js";
import { Session } from "../../src/shell/session.js";
import type { FullProcess, Subject } from "../../src/shell/subject.js";
import { parseTrace } from "../../src/trace/parse.js";
import type { Trace } from "../../src/trace/trace.js";
import type { Step } from "../../explorer/tours/index.js";

const STYLE = { colors: picocolors.createColors(false), width: 92 };
/** Where the shell's processes have their break. */
const START_BRK = 16 << 20;

/** A step that was played. */
export interface Scene {
  /** The lines, each with what it printed, as on a terminal. */
  readonly output: string;
  readonly view: HeapView;
  readonly process: FullProcess;
  /** Names that the lines gave to blocks, by address. */
  readonly names: ReadonlyMap<number, string>;
  /** What the dry run in the last line came to. */
  readonly verdict: Verdict | undefined;
}

function traceOf({ ground }: Step, root: string): Trace | undefined {
  if (ground.kind !== "trace") return undefined;
  const file = `${root}traces/threads/${ground.name}.rep.gz`;
  return parseTrace(gunzipSync(readFileSync(file)), ground.name);
}

/** The log of system calls, as strace writes it; each line is ended. */
function logged(kernel: Kernel, session: Session, lines: readonly string[], write: Write): void {
  kernel.startStrace({ write: (line) => write(`${line}\n`) });
  for (const line of lines) Array.from(session.type(line));
  kernel.stopStrace();
}

type Write = (text: string) => void;

function typed(session: Session, lines: readonly string[], write: Write): void {
  for (const line of lines) {
    write(`> ${line}\n`);
    for (const text of lineOf(session, line, STYLE)) write(`${text}\n`);
  }
}

function namesIn(subject: Subject, lines: readonly string[]): Map<number, string> {
  const names = new Map<number, string>();
  for (const [, name] of lines.join(";").matchAll(/\b([a-z]\w*) = /g)) {
    const address = subject.named?.(name!);
    if (address !== undefined) names.set(address, name!);
  }
  return names;
}

function verdictOf(subject: Subject, line: string | undefined): Verdict | undefined {
  const [, call, argument] = /^(try_free|try_malloc) (.+)$/.exec(line ?? "") ?? [];
  const { process } = subject;
  if (call === undefined || argument === undefined || process === undefined) return undefined;
  return call === "try_free"
    ? tryFree(process, addressOf(subject, argument, "ADDRESS"))
    : tryMalloc(process, Number(argument));
}

/** @param root the repository, with a slash at its end: its recordings are played */
export function play(step: Step, root: string): Scene {
  let output = "";
  let kernel!: Kernel;
  const write: Write = (text) => (output += text);
  const newKernel = (): Kernel =>
    (kernel = startKernelSync({ abi: "ilp32", layout: "linux", startBrk: START_BRK }));
  const ends = { print: write, note: write, onFault: (fault: Error) => write(fault.message) };
  const session = new Session(newKernel, ends, traceOf(step, root));
  const { ground, before, lines } = step;
  if (ground.kind === "trace") session.goTo(ground.at);
  for (const line of before) Array.from(session.type(line));
  if (ground.kind === "strace") logged(kernel, session, lines, write);
  else typed(session, lines, write);
  const { subject, process } = session;
  return {
    output,
    process,
    view: subject.view(),
    names: namesIn(subject, [...before, ...lines]),
    verdict: verdictOf(subject, lines.at(-1)),
  };
}
