// What console.log shows of the big objects of this package: one line in place of all that is in
// them.

/** Node.js, Deno and Bun ask an object for its text by this name. */
export const inspect: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/**
 * @param kind what it is
 * @param parts such as `abi: "ilp32"`; those that are empty are left out
 * @returns one line
 */
export function described(kind: string, ...parts: string[]): string {
  return `${kind} { ${parts.filter((part) => part).join(", ")} }`;
}
