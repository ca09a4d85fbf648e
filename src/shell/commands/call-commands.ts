// try_free, try_malloc, timeline: what calls do, and why.

import { tryFree, tryMalloc, type Verdict } from "../../inspect/dry-run.js";
import { hex } from "../../inspect/source.js";
import { OpKind } from "../../layout/generated.js";
import { functionOf } from "../../trace/interchange/remarks.js";
import { UserError } from "../../base/user-error.js";
import { wrap } from "../tables.js";
import { ADDRESS_HELP, addressOf, numberOf } from "./address.js";
import type { HeapCommand } from "./registry.js";
import { stepLines, type Report } from "./report.js";
import type { FullProcess, Subject } from "../subject.js";

/** The process whose calls can be tried. @throws UserError */
function caller({ process, timeline, name }: Subject): FullProcess {
  const thread = timeline?.thread ?? process;
  if (thread !== undefined) return thread;
  throw new UserError(`${name}: calls cannot be tried in it; a trace or a snapshot is needed`);
}

function verdictReport(subject: Subject, verdict: Verdict): Report {
  const { call, steps, result, failure } = verdict;
  return {
    json: { of: subject.name, ...verdict },
    *lines(style) {
      const { colors, width } = style;
      yield colors.bold(call);
      yield* stepLines(steps, style);
      if (failure === undefined) {
        const block = result === 0 ? "NULL: ENOMEM" : `the block would be ${hex(result ?? 0)}`;
        yield colors.green(result === undefined ? "all checks would pass" : block);
        return;
      }
      yield* wrap(`${failure.message} (${failure.signal}), at ${hex(failure.at)}`, width)
        .split("\n")
        .map((line) => colors.red(line));
      for (const { name, at, value } of failure.values) {
        const place = at === undefined ? "" : `  at ${hex(at)}`;
        yield `  ${name.padEnd(18)} ${value}${colors.dim(place)}`;
      }
    },
  };
}

const tryFreeCommand: HeapCommand = {
  name: "try_free",
  summary: "say what free(address) would do now: glibc's message, or where the block would go",
  parameters: [{ name: "address", text: `of the block: ${ADDRESS_HELP}` }],
  examples: ["@100", "top"],
  run(subject, { args }) {
    const mem = addressOf(subject, args[0]!, "ADDRESS");
    if (mem > 0xffff_ffff) throw new UserError(`${hex(mem)}: no address of this memory`);
    return verdictReport(subject, tryFree(caller(subject), mem));
  },
};

const tryMallocCommand: HeapCommand = {
  name: "try_malloc",
  summary: "say where malloc(bytes) would take a block from now, and why",
  parameters: [{ name: "bytes", text: "how many" }],
  examples: ["24", "200000"],
  run(subject, { args }) {
    const bytes = numberOf(args[0]!, "BYTES");
    const process = caller(subject);
    if (process.abi === "ilp32" && bytes > 0xffff_ffff)
      throw new UserError(`${bytes}: more than a size_t of 32 bits`);
    return verdictReport(subject, tryMalloc(process, bytes));
  },
};

const timeline: HeapCommand = {
  name: "timeline",
  summary: "tell a block's life: where it was born and why there, moved, and freed into what",
  parameters: [
    { name: "operation", text: "one of the block's, from 0 (the last one done)", isOptional: true },
  ],
  examples: ["100", "@100"],
  needsTimeline: true,
  run(subject, { args }) {
    const { timeline: line } = subject;
    if (line === undefined) throw new UserError("timeline needs a trace");
    const text = args[0]?.replace(/^@/, "");
    const index = text === undefined ? line.done - 1 : numberOf(text, "OPERATION");
    if (index < 0 || index >= line.trace.count)
      throw new UserError(`operation ${index}: ${line.trace.name} has ${line.trace.count}`);
    const life = line.lifeOf(index);
    return {
      json: { of: subject.name, ...life },
      *lines(style) {
        for (const { index: at, kind, mem, bytes, steps } of life.events) {
          const size = kind === OpKind.FREE ? "" : ` of ${bytes} bytes`;
          const result = mem === 0 ? "NULL" : hex(mem);
          yield style.colors.bold(`operation ${at}: ${functionOf(kind)}${size}: ${result}`);
          yield* stepLines(steps, style);
        }
        const last = life.events.at(-1);
        if (last !== undefined && last.kind !== OpKind.FREE)
          yield style.colors.dim("the trace never frees it");
      },
    };
  },
};

/** The commands of this file. */
export const CALL_COMMANDS: readonly HeapCommand[] = [tryFreeCommand, tryMallocCommand, timeline];
