// Traps: what the engine throws when a WebAssembly function leaves the memory. Natively that is a
// segmentation fault, and the process is dead. Calls from JavaScript are guarded, so that whoever
// calls is told in those words and the heap comes to know.

type Call = (this: void, ...args: unknown[]) => unknown;

/** What is to be thrown in place of what a call of the function `name` threw. */
export type Caught = (name: string, error: unknown) => unknown;

function guard(name: string, call: Call, caught: Caught): Call {
  const guarded: Call = (...args) => {
    try {
      return call(...args);
    } catch (error) {
      throw caught(name, error);
    }
  };
  for (const key of ["name", "length"] as const)
    Object.defineProperty(guarded, key, { value: call[key] });
  return guarded;
}

/**
 * @returns the exports, with what a function throws passed through `caught`; a function of two
 *   names is one still; what is no function is as it was
 */
export function guarded<E extends object>(exports: E, caught: Caught): E {
  const made = new Map<unknown, Call>();
  const entries = Object.entries(exports).map(([name, value]) => {
    if (typeof value !== "function") return [name, value] as const;
    const known = made.get(value) ?? guard(name, value as Call, caught);
    made.set(value, known);
    return [name, known] as const;
  });
  return Object.fromEntries(entries) as E;
}
