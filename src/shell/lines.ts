// One line of the shell: a command of its own, one that looks at the heap, or calls of C.

import type { StepText } from "../inspect/steps.js";
import { hex, hexWord } from "../inspect/source.js";
import { OpKind } from "../layout/generated.js";
import { functionOf } from "../trace/interchange/remarks.js";
import type { Step as Operation } from "../trace/player.js";
import { addressOf, ADDRESS_HELP, numberOf } from "./commands/address.js";
import { HEAP_COMMANDS } from "./commands/all.js";
import type { HeapCommand } from "./commands/registry.js";
import { fittedLines, stepLines, type Style } from "./commands/report.js";
import { diffLines } from "./commands/diff-lines.js";
import type { Value } from "./script/expression.js";
import { UsageError, UserError } from "../base/user-error.js";
import { table, wrap } from "./tables.js";
import { EVENT_HELP, eventOf } from "./events.js";
import type { Session } from "./session.js";
import type { Subject } from "./subject.js";
import { givenTo, wordsOf } from "./words.js";

/** A command of the shell itself. */
interface ShellCommand {
  readonly usage: string;
  readonly text: string;
  run(session: Session, rest: string, style: Style): Generator<string, void>;
}

/** An operation of a trace, as a call. */
function callText({ kind, x, y, before, result }: Operation): string {
  if (kind === OpKind.FREE) return `free(${hex(before)})`;
  const args = {
    [OpKind.MALLOC]: [x],
    [OpKind.CALLOC]: [x, y],
    [OpKind.MEMALIGN]: [x, y],
    [OpKind.REALLOC]: [before === 0 ? "NULL" : hex(before), x],
  }[kind];
  return `${functionOf(kind)}(${args.join(", ")}) = ${result === 0 ? "NULL" : hex(result)}`;
}

function* whereLines(session: Session, style: Style): Generator<string> {
  const { last, done } = session.timeline;
  yield last === undefined
    ? `after ${done} operations`
    : `operation ${last.index}: ${callText(last)}`;
  yield* watchLines(session, style);
}

function* watchLines(session: Session, { colors }: Style): Generator<string> {
  for (const watch of session.watches) {
    const now = hexWord(session.process, watch.address);
    if (now === watch.last) continue;
    yield colors.yellow(`watch ${hex(watch.address)}: ${watch.last} -> ${now}`);
    watch.last = now;
  }
}

function countOf(rest: string, name: string): number {
  return rest === "" ? 1 : numberOf(rest, `${name} N`);
}

const SHELL: Readonly<Record<string, ShellCommand>> = {
  step: {
    usage: "step [n]",
    text: "do the next operation of the trace, or n, and say which way it took",
    *run(session, rest, style) {
      const count = countOf(rest, "step");
      const { timeline } = session;
      if (timeline.done + count > timeline.trace.count)
        throw new UserError(`the trace has ${timeline.trace.count} operations: this is its end`);
      session.goTo(timeline.done + count - 1);
      const steps: StepText[] = timeline.stepsOf(timeline.done);
      yield* whereLines(session, style);
      yield* stepLines(steps, style);
    },
  },
  back: {
    usage: "back [n]",
    text: "go back by one operation, or n",
    *run(session, rest, style) {
      session.goTo(session.timeline.done - countOf(rest, "back"));
      yield* whereLines(session, style);
    },
  },
  goto: {
    usage: "goto N",
    text: "go to the moment after N operations",
    *run(session, rest, style) {
      session.goTo(numberOf(rest, "goto N"));
      yield* whereLines(session, style);
    },
  },
  run: {
    usage: "run",
    text: "go to the end of the trace",
    *run(session, _, style) {
      session.goTo(session.timeline.trace.count);
      yield* whereLines(session, style);
    },
  },
  until: {
    usage: "until EVENT",
    text: `go on until: ${EVENT_HELP}`,
    *run(session, rest, style) {
      const { subject } = session;
      const why = session.until(eventOf(rest, (text) => addressOf(subject, text, "ADDRESS")));
      if (why === "end") yield "the trace has ended before that";
      yield* whereLines(session, style);
    },
  },
  watch: {
    usage: "watch ADDRESS",
    text: "tell when the word there changes; until stops there, too",
    *run(session, rest) {
      const address = addressOf(session.subject, rest, "ADDRESS");
      const last = hexWord(session.process, address);
      session.watches.push({ address, last });
      yield `watching ${hex(address)}: ${last}`;
    },
  },
  unwatch: {
    usage: "unwatch",
    text: "watch nothing any more",
    *run(session) {
      session.watches.length = 0;
    },
  },
  mark: {
    usage: "mark",
    text: "remember this moment for changed",
    *run(session) {
      session.mark();
      yield "marked";
    },
  },
  changed: {
    usage: "changed",
    text: "say what changed since the last mark, or since the beginning",
    *run(session, _, style) {
      yield* diffLines(session.changed(), style);
    },
  },
  quietly: {
    usage: "quietly CALLS",
    text: "make calls, and say nothing of them",
    *run(session, rest, style) {
      Array.from(session.type(rest));
      yield* watchLines(session, style);
    },
  },
  undo: {
    usage: "undo",
    text: "take back the last line of calls, or write",
    *run(session) {
      yield `undone: ${session.undo()}`;
    },
  },
  write: {
    usage: "write ADDRESS VALUE",
    text: "write a word into the heap, as a bug would",
    *run(session, rest, style) {
      const [place, value, ...more] = wordsOf(rest);
      if (place === undefined || value === undefined || more.length > 0)
        throw new UsageError("write needs ADDRESS and VALUE");
      const { subject } = session;
      const at = addressOf(subject, place, "ADDRESS");
      session.write(at, addressOf(subject, value, "VALUE"), `write ${rest}`);
      yield `${hex(at)}: ${hexWord(session.process, at)}`;
      yield* watchLines(session, style);
    },
  },
};

/** Names that a line can begin with, for completion. */
export const NAMES: readonly string[] = [
  ...Object.keys(SHELL),
  ...HEAP_COMMANDS.flatMap(({ name, aliases = [] }) => [name, ...aliases]),
  "help",
  "quit",
];

function heapCommand(name: string): HeapCommand | undefined {
  return HEAP_COMMANDS.find(
    ({ name: own, aliases = [] }) => own === name || aliases.includes(name),
  );
}

/** What a command prints; undefined where there is none of that name. */
function commandNamed(
  session: Session,
  name: string,
  rest: string,
  style: Style,
): Iterable<string> | undefined {
  if (name === "help") return helpLines(rest, style);
  const own = Object.hasOwn(SHELL, name) ? SHELL[name] : undefined;
  if (own !== undefined) return own.run(session, rest, style);
  const command = heapCommand(name);
  if (command === undefined) return undefined;
  return commandLines(session.subject, session.place, command, rest, style);
}

/**
 * Does what a line says.
 * @returns lines for people
 * @throws UserError, UsageError, HeapAbort
 */
export function* lineOf(session: Session, text: string, style: Style): Generator<string> {
  const line = text.trim();
  if (line === "" || line.startsWith("#")) return;
  const [, name = "", rest = ""] = /^([a-z_]+)\s*([^]*)$/i.exec(line) ?? [];
  const isCall = rest.startsWith("(") || /^=[^=]/.test(rest);
  if (!isCall) {
    const found = commandNamed(session, name, rest.trim(), style);
    if (found !== undefined) {
      yield* found;
      return;
    }
  }
  for (const { typed, value, steps } of session.type(line)) {
    const shown = VOID.test(typed) ? undefined : valueText(value);
    if (shown !== undefined) yield `= ${shown}`;
    yield* stepLines(steps, style);
  }
  yield* watchLines(session, style);
}

function* commandLines(
  subject: Subject,
  place: string,
  command: HeapCommand,
  rest: string,
  style: Style,
): Generator<string, void, undefined> {
  const { json, ...given } = givenTo(command, wordsOf(rest));
  const report = command.run(subject, given);
  if (json) {
    yield JSON.stringify({ command: command.name, ...report.json });
    return;
  }
  // What is looked at need not be said here.
  const title = style.colors.dim(place);
  for (const text of fittedLines(report, style)) if (text !== title) yield text;
}

/**
 * Does a line that looks at a heap, or asks for help: `bins`, `vis --count 3`, `help whatis`.
 * @param subject what it looks at
 * @returns lines for people; undefined where the line begins with no such command
 * @throws UserError, UsageError
 */
export function heapCommandLines(
  subject: Subject,
  text: string,
  style: Style,
): Iterable<string> | undefined {
  const [, name = "", rest = ""] = /^([a-z_]+)\s*([^]*)$/i.exec(text.trim()) ?? [];
  if (name === "help") return helpLines(rest.trim(), style, {});
  const command = heapCommand(name);
  if (command === undefined) return undefined;
  return commandLines(subject, subject.name, command, rest.trim(), style);
}

/** A line whose last call returns nothing. */
const VOID = /(^|;)\s*free\s*\([^;]*;?$/;

function valueText(value: Value | undefined): string | undefined {
  if (value === undefined || !("value" in value)) return undefined;
  return value.value >= 4096n ? hex(value.value) : String(value.value);
}

/** @param lines the shell's own, which need a session; without them, only those that look */
function* helpLines(name: string, style: Style, lines = SHELL): Generator<string, void> {
  const { colors, width } = style;
  const isWhole = lines === SHELL;
  if (name === "") {
    const calls = wrap(
      "Calls are C: p = malloc(24); free(p); brk(0); mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | " +
        "MAP_ANONYMOUS, -1, 0). Their variables are addresses in commands.",
      width,
    );
    if (isWhole) yield* calls.split("\n");
    const rows = [
      ...Object.values(lines).map(({ usage, text }) => [usage, text]),
      ...HEAP_COMMANDS.map((one) => [one.name, one.summary]),
      ["help [command]", "this list, or more about one"],
      ...(isWhole ? [["quit", "leave; so does the end of input"]] : []),
    ];
    const columns = [{}, { align: "left", wraps: true }] as const;
    yield* table({ columns, rows, width, indent: "  " }).split("\n");
    yield* wrap(`ADDRESS: ${ADDRESS_HELP}`, width).split("\n");
    return;
  }
  const own = Object.hasOwn(lines, name) ? lines[name] : undefined;
  const command = heapCommand(name);
  if (own !== undefined) yield* wrap(`${own.usage}: ${own.text}`, width).split("\n");
  else if (command !== undefined) yield* commandHelp(command, style);
  else throw new UsageError(`help ${name}: no such command`);
  yield colors.dim("help shows all of them");
}

function* commandHelp(command: HeapCommand, { width }: Style): Generator<string> {
  const { name, summary, parameters = [], flags = [], examples } = command;
  const args = parameters.map((one) => (one.isOptional ? `[${one.name}]` : one.name));
  yield `${[name, ...args].join(" ")}: ${summary}`;
  const rows = [
    ...parameters.map((one) => [one.name, one.text]),
    ...flags.map((one) => [one.flags, one.text]),
    ["--json", "print one JSON object"],
  ];
  const columns = [{}, { align: "left", wraps: true }] as const;
  yield* table({ columns, rows, width, indent: "  " }).split("\n");
  for (const example of examples) yield `  e.g. ${name} ${example}`.trimEnd();
}
