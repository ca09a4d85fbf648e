// Argument checks. A wrong argument is named together with the rule that it breaks, before anything has happened.

/** What an integer argument must satisfy. */
export interface IntegerRule {
  /** Least value allowed. */
  min: number;
  /** Greatest value allowed. */
  max: number;
  /** The value must be a multiple of this; 1 when absent. */
  multipleOf?: number;
}

/** Shows a value in an error message: strings quoted, everything else as JavaScript prints it. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) return Object.prototype.toString.call(value);
  return String(value);
}

/**
 * Checks an integer argument.
 * @param name how the caller knows the argument, such as `malloc: size` or `option "base"`
 * @returns the value
 * @throws TypeError when it is no integer, RangeError when it is out of range or no multiple of `multipleOf`
 */
export function checkInteger(name: string, value: unknown, rule: IntegerRule): number {
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw new TypeError(`${name} must be an integer, got ${show(value)}`);
  }
  if (value < rule.min || value > rule.max) {
    throw new RangeError(`${name} must be from ${rule.min} to ${rule.max}, got ${value}`);
  }
  const step = rule.multipleOf ?? 1;
  if (value % step !== 0) {
    throw new RangeError(`${name} must be a multiple of ${step}, got ${value}`);
  }
  return value;
}

/** As `checkInteger`, for a power of two, or 0 where the rule lets it be. */
export function checkPowerOfTwo(name: string, value: unknown, rule: IntegerRule): number {
  const number = checkInteger(name, value, rule);
  // No rule goes beyond 2^31: the operands are taken as 32 bits.
  if ((number & (number - 1)) !== 0) {
    throw new RangeError(`${name} must be a power of two, got ${number}`);
  }
  return number;
}

/**
 * Checks that an argument is one of a few words.
 * @returns the value
 * @throws TypeError that lists the words
 */
export function checkChoice<const T extends string>(
  name: string,
  value: unknown,
  choices: readonly T[],
): T {
  if (!choices.includes(value as T)) {
    throw new TypeError(
      `${name} must be one of ${choices.map((choice) => `"${choice}"`).join(", ")}, got ${show(value)}`,
    );
  }
  return value as T;
}
