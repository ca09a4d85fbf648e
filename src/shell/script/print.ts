// printf for scripts: whole numbers and texts.

import { numberOf, type Value } from "./expression.js";
import { ScriptProblem } from "./lexer.js";

const DIRECTIVE = /%(?:%|([-0+ #]*)(\d{0,3})(hh|h|ll|l|z|j|t)?([a-zA-Z]))/g;

/**
 * @param args the format and what goes into it
 * @param wordBits what %p, %z and %l are wide
 * @returns the text that C's printf would print
 * @throws ScriptProblem for a format that does not fit its arguments
 */
export function printed(args: readonly Value[], wordBits: 32 | 64, at: number): string {
  const [format, ...values] = args;
  if (format === undefined || !("text" in format))
    throw new ScriptProblem(at, "a text in quotes was expected");
  let next = 0;
  const text = format.text.replace(
    DIRECTIVE,
    (whole, flags?: string, width?: string, length?: string, kind?: string) => {
      if (kind === undefined) return "%";
      const value = values[next++];
      if (value === undefined) throw new ScriptProblem(at, `printf: nothing is left for ${whole}`);
      const bits = length === undefined ? 32 : length === "ll" || length === "j" ? 64 : wordBits;
      const shown = directive(kind, value, bits, wordBits, flags ?? "", at);
      if (shown === undefined) throw new ScriptProblem(at, `printf does not know ${whole}`);
      const columns = Number(width);
      if (flags?.includes("-")) return shown.padEnd(columns);
      const isPadded = flags?.includes("0") === true && kind !== "s" && kind !== "c";
      return shown.padStart(columns, isPadded ? "0" : " ");
    },
  );
  if (next < values.length) throw new ScriptProblem(at, "printf: more arguments than directives");
  return text;
}

function directive(
  kind: string,
  value: Value,
  bits: number,
  wordBits: 32 | 64,
  flags: string,
  at: number,
): string | undefined {
  if (kind === "s") return "text" in value ? value.text : undefined;
  const number = numberOf(value, at).value;
  const unsigned = BigInt.asUintN(bits, number);
  switch (kind) {
    case "d":
    case "i":
      return String(BigInt.asIntN(bits, number));
    case "u":
      return String(unsigned);
    case "x":
      return `${flags.includes("#") ? "0x" : ""}${unsigned.toString(16)}`;
    case "X":
      return `${flags.includes("#") ? "0X" : ""}${unsigned.toString(16).toUpperCase()}`;
    case "o":
      return unsigned.toString(8);
    case "c":
      return String.fromCharCode(Number(BigInt.asUintN(8, number)));
    case "p": {
      const pointer = BigInt.asUintN(wordBits, number);
      return pointer === 0n ? "(nil)" : `0x${pointer.toString(16)}`;
    }
    default:
      return undefined;
  }
}
