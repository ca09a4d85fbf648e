// Addresses as people write them: numbers, names, blocks of a trace's operations, and sums.

import { readMallocPar } from "../../inspect/arenas.js";
import { mmOf } from "../../inspect/words.js";
import { UsageError } from "../../base/user-error.js";
import type { Subject } from "../subject.js";

/** How addresses can be written, for help. */
export const ADDRESS_HELP =
  "0x… or decimal; @N is the block of operation N; top, main_arena, mp_, start_brk, brk; " +
  "sums of these: @12+0x10";

/**
 * @param what names the argument in messages
 * @returns an address as it is meant
 * @throws UsageError that names the text and what can be written
 */
export function addressOf(subject: Subject, text: string, what: string): number {
  const terms = text.match(/[+-]?[^+-]+/g) ?? [];
  if (terms.length === 0 || terms.join("") !== text) throw badAddress(text, what);
  const sum = terms.reduce((total, term) => {
    const sign = term.startsWith("-") ? -1 : 1;
    return total + sign * termOf(subject, term.replace(/^[+-]/, ""), text, what);
  }, 0);
  if (sum < 0 || sum > 2 ** 53) throw badAddress(text, what);
  return sum;
}

function termOf(subject: Subject, term: string, text: string, what: string): number {
  if (/^(0x[0-9a-f]+|\d+)$/i.test(term)) return Number(term);
  const operation = /^@(\d+)$/.exec(term)?.[1];
  if (operation !== undefined) {
    const block = subject.blockOf(Number(operation));
    if (block !== 0) return block;
    throw new UsageError(`${what} ${text}: operation ${operation} has returned no block by now`);
  }
  const variable = subject.named?.(term);
  if (variable !== undefined) return variable;
  const name = term.toLowerCase();
  const { source } = subject;
  switch (name) {
    case "top":
      return subject.view().arenas[0]!.state.top;
    case "main_arena":
      return source.places.mainArena;
    case "mp_":
      return source.places.mallocPar;
    case "sbrk_base":
      return readMallocPar(source).sbrkBase;
    case "start_brk":
      return mmOf(source).startBrk;
    case "brk":
      return mmOf(source).brk;
    default:
      throw badAddress(text, what);
  }
}

function badAddress(text: string, what: string): UsageError {
  return new UsageError(`${what} "${text}": no address; write ${ADDRESS_HELP}`);
}

/** @returns a whole number from 0 on, decimal or 0x… @throws UsageError */
export function numberOf(text: string, what: string): number {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text) || Number(text) > Number.MAX_SAFE_INTEGER)
    throw new UsageError(`${what} "${text}": a whole number is needed, decimal or 0x…`);
  return Number(text);
}
