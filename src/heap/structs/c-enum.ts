// Enumerations as fields of structs: in memory an integer, in JavaScript the constant's name.

import { show } from "../../base/checks.js";
import type { EnumType } from "./c-types.js";
import { scalars, type Scalar } from "./scalars.js";

/** What an enumeration can be in memory. */
export type EnumStorage = "u8" | "i8" | "u16" | "i16" | "u32" | "i32";

/**
 * A field's type whose values are named: reading gives the constant's name, or the number when none
 * has it; both can be set.
 * @param constants the numbers by name; of two names for one number the first is shown
 * @param storage what it is in memory; C's own enumerations are "i32" or "u32"
 * @throws TypeError, RangeError when a constant is no number that fits
 */
export function enumeration<const E extends Readonly<Record<string, number>>>(
  constants: E,
  storage: EnumStorage = "i32",
): EnumType<E> {
  if (!/^[iu](8|16|32)$/.test(storage))
    throw new TypeError(
      `enumeration: storage must be an integer type of at most 4 bytes, got ${show(storage)}`,
    );
  const { size, read, write, check }: Scalar<number> = scalars[storage];
  const values = new Map(Object.entries(constants));
  for (const [name, value] of values) check(`enumeration: constant ${name}`, value);
  const names = new Map([...values].reverse().map(([name, value]) => [value, name]));
  const scalar: Scalar<unknown> = {
    size,
    read: (view, at) => {
      const value = read(view, at);
      return names.get(value) ?? value;
    },
    write: (view, at, value) => write(view, at, values.get(value as string) ?? (value as number)),
    check: (name, value) => {
      if (typeof value !== "string") check(name, value);
      else if (!values.has(value))
        throw new TypeError(
          `${name} must be one of ${[...values.keys()].join(", ")}, got ${show(value)}`,
        );
    },
  };
  return { constants, scalar };
}
