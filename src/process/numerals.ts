// Numbers as C writes them, in the texts of tunables.

/** The parts of a number in front of a text. */
interface Numeral {
  sign: string | undefined;
  base: bigint;
  /** Without the sign; 0 where there are no digits. */
  magnitude: bigint;
}

/** Reads as much of a number as there is: decimal, 0x hexadecimal, 0 octal. */
export function splitNumber(text: string): Numeral {
  const parts = /^[ \t]*([+-]?)(?:0x([\da-f]*)|0([0-7]*)|(\d*))/i.exec(text)!;
  const [, sign, hex, octal, decimal] = parts as (string | undefined)[];
  if (hex !== undefined) return { sign, base: 16n, magnitude: BigInt(`0x0${hex}`) };
  if (octal !== undefined) return { sign, base: 8n, magnitude: BigInt(`0o0${octal}`) };
  return { sign, base: 10n, magnitude: BigInt(decimal!) };
}
