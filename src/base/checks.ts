// Argument checks. A wrong argument is named together with the rule that it breaks, before anything
// has happened.

/** What an integer argument must satisfy. */
export interface IntegerRule {
  /** Least value allowed. */
  min: number;
  /** Greatest value allowed. */
  max: number;
  /** The value must be a multiple of this; 1 when absent. */
  multipleOf?: number;
}

/** @returns the text; when it has more than `most` characters its beginning, and three dots */
export function clip(text: string, most = 60): string {
  return text.length > most ? `${text.slice(0, most)}...` : text;
}

/**
 * Shows a value in an error message: strings quoted, everything else as JavaScript prints it, and
 * nothing at length.
 */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(clip(value));
  if (typeof value === "bigint") return clip(`${value}n`);
  if (typeof value === "object" && value !== null) return Object.prototype.toString.call(value);
  return clip(String(value));
}

/**
 * Checks an integer argument.
 * @param name how the caller knows the argument, such as `malloc: size` or `option "base"`
 * @returns the value
 * @throws TypeError when it is no integer, RangeError when it is out of range or no multiple of
 *   `multipleOf`
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
    const words = choices.map((choice) => `"${choice}"`).join(", ");
    throw new TypeError(`${name} must be one of ${words}, got ${show(value)}`);
  }
  return value as T;
}

/**
 * What an option may be: words, of which it is one; a rule for an integer; or a text that ends the
 * sentence "option … must be", and in which the kinds that `typeof` may say of it are words, such
 * as "a string or an object". Neither null nor an array is an object here. The empty text is for
 * what is checked later.
 */
export type OptionRule = string | readonly string[] | IntegerRule;

/** The options that a function takes, by name. */
export type Schema = Readonly<Record<string, OptionRule>>;

/** @returns a schema with the options of all, later rules before earlier ones */
export function merged(...schemas: Schema[]): Schema {
  return Object.assign({}, ...schemas) as Schema;
}

/** @returns a schema without some of its options */
export function without(schema: Schema, ...names: string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !names.includes(name)));
}

/** The rule for an option that is true or false. */
export const FLAG = "a boolean";

function isPlain(given: unknown): boolean {
  return show(given) === "[object Object]";
}

/** @throws TypeError for anything but a plain object: for null, arrays, maps, bytes too */
export function checkPlain(name: string, given: unknown): void {
  if (!isPlain(given)) throw new TypeError(`${name} must be an object, got ${show(given)}`);
}

/** Whether `b` comes of `a` by at most `edits` letters put in, left out or replaced. */
export function isNear(a: string, b: string, edits: number): boolean {
  if (a === b) return true;
  const [x, y] = [a.slice(1), b.slice(1)];
  if (a[0] === b[0]) return isNear(x, y, edits);
  return edits-- > 0 && (isNear(x, b, edits) || isNear(a, y, edits) || isNear(x, y, edits));
}

/**
 * Checks an object of options, but for what depends on several of them at once.
 * @param schema the options that there are; one that is undefined counts as not given
 * @param inside what stands before their names in messages, such as "hugePages."
 * @throws TypeError for anything but an object, for an option that there is not, with the one that
 *   was probably meant, and for one of the wrong kind; RangeError for a wrong number
 */
export function checkOptions(schema: Schema, given: unknown, inside = ""): void {
  checkPlain("options", given);
  const names = Object.keys(schema);
  for (const key in given as object) {
    const value = (given as Record<string, unknown>)[key];
    if (value === undefined) continue;
    const name = `option ${show(inside + key)}`;
    if (!names.includes(key)) {
      const meant = names.find((known) => isNear(key.toLowerCase(), known.toLowerCase(), 2));
      throw new TypeError(
        `there is no ${name}: ` +
          (meant ? `did you mean "${meant}"?` : `there are ${names.join(", ")}`),
      );
    }
    const rule = schema[key]!;
    if (typeof rule === "string") {
      const kind = typeof value;
      if (rule && (!rule.includes(kind) || (kind === "object" && !isPlain(value))))
        throw new TypeError(`${name} must be ${rule}, got ${show(value)}`);
    } else if ("min" in rule) checkInteger(name, value, rule);
    else checkChoice(name, value, rule);
  }
}
