// What the programs beside the tests take from them.

import type { Abi } from "../../../src/layout/address.js";
import { parseFileSequences, replayFiles } from "./file-sequence.js";
import { parseSequences, replaySequence } from "./sequence.js";

export { histogram, parseSequences } from "./sequence.js";

/** Runs one sequence in a layout. @returns what was different, undefined for nothing */
export type Replay = (abi: Abi) => unknown;

/** @returns a recording's sequences, ready to run; those of the kind `files` are of another form */
export function replaysOf(kind: string, text: string): Replay[] {
  return kind === "files"
    ? parseFileSequences(text).map((sequence) => (abi) => replayFiles(sequence, abi))
    : parseSequences(text).map((sequence) => (abi) => replaySequence(sequence, abi));
}
