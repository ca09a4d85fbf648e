/**
 * The language of `ptmalloc-wasm shell` and its commands, for pages and programs. A
 * {@link Session} takes the shell's lines ({@link lineOf}); {@link parseScript} and
 * {@link ScriptRun} are the language alone, {@link makeCall} makes again what was recorded, and
 * {@link heapCommandLines} has every command that looks at a heap. Nothing here needs Node.js.
 *
 * @module ptmalloc-wasm/shell
 */

export { UsageError, UserError } from "./base/user-error.js";
export { heapCommandLines, lineOf, NAMES } from "./shell/lines.js";
export { Session } from "./shell/session.js";
export type { Done, Watch } from "./shell/session.js";
export type { Event } from "./shell/events.js";
export { subject } from "./shell/subject.js";
export type { FullProcess, Subject } from "./shell/subject.js";
export type { Style } from "./shell/commands/report.js";
export { plainStyle } from "./shell/commands/report.js";
export type { Colors, Paint } from "./shell/tables.js";
export { makeCall, madeCallNames } from "./shell/made-calls.js";
export type { MadeCall } from "./shell/made-calls.js";
export { newVariables, parseScript } from "./shell/script/script.js";
export type { Script, Statement } from "./shell/script/script.js";
export { evaluate, runScript, ScriptRun } from "./shell/script/run.js";
export type { ScriptOutput } from "./shell/script/run.js";
export type { Value } from "./shell/script/expression.js";
export { scriptCalls } from "./shell/script/calls.js";
