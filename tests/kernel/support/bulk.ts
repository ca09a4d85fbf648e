// What the programs beside the tests take from them.

import type { Abi } from "../../../src/layout/address.js";
import { parseFileSequences, replayFiles } from "./file-sequence.js";
import { parseGuardSequences, replayGuard } from "./guard-sequence.js";
import { parseSequences, replaySequence } from "./sequence.js";

export { histogram, parseSequences } from "./sequence.js";

/** Runs one sequence in a layout. @returns what was different, undefined for nothing */
export type Replay = (abi: Abi) => unknown;

/** @returns a recording's sequences, ready to run; files and guard are of forms of their own */
export function replaysOf(kind: string, text: string): Replay[] {
  if (kind === "files")
    return parseFileSequences(text).map((sequence) => (abi) => replayFiles(sequence, abi));
  if (kind.startsWith("guard"))
    return parseGuardSequences(text).map((sequence) => (abi) => replayGuard(sequence, abi));
  return parseSequences(text).map((sequence) => (abi) => replaySequence(sequence, abi));
}
