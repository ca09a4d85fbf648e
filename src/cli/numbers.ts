// Numbers on the command line: a whole token or an error that names the rule.

import { InvalidArgumentError } from "commander";

/** A number as people write it: decimal digits, or hex digits behind 0x. */
const WHOLE = /^(?:\d+|0[xX][0-9a-fA-F]+)$/;

/**
 * @param text one argument, all of it: "12", "0x1000"
 * @returns its value; undefined when it is no whole number, or one above 2^53 - 1
 */
export function parseWhole(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * For commander's options and arguments, which name the option in front of the error.
 *
 * @param least the least number that is taken
 * @param most the greatest; the default is every number that is exact
 * @returns a parser of whole numbers, decimal or hex (0x…), from `least` to `most`; it throws
 *   InvalidArgumentError for anything else, such as "1e6", "12abc", "1.5", "-1" or ""
 */
export function wholeNumber(
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  const range =
    most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return (text) => {
    const value = parseWhole(text);
    if (value === undefined || value < least || value > most) {
      throw new InvalidArgumentError(`A whole number ${range} is needed.`);
    }
    return value;
  };
}
