// Where calls come from. V8 makes the text of a stack only when somebody reads it, so what is kept
// for each block is cheap until there is a report.

/** What V8 has beyond the standard (https://v8.dev/docs/stack-trace-api). */
interface TraceableError {
  captureStackTrace?(holder: object, above: Entry): void;
  stackTraceLimit?: number;
}

const LIMIT = "stackTraceLimit";

/**
 * The folder that this package's code is in, as stacks show it; undefined when it has been bundled
 * with other code.
 */
const packageFolder = /[^\s(@]*\/(?=debug\/stacks\.\w+:)/.exec(new Error().stack ?? "")?.[0];

function isOwn(frame: string): boolean {
  return packageFolder !== undefined && frame.includes(packageFolder);
}

/** A function whose frame, and those of what it called, are not to be in a stack. */
export type Entry = (...args: never[]) => unknown;

/** @returns the method of that name, as something to leave out */
export function entryOf<T extends object>(object: T, name: keyof T & string): Entry {
  return object[name] as Entry;
}

/** A stack as it was. */
export class Stack {
  readonly #holder: { stack?: string };

  private constructor(holder: { stack?: string }) {
    this.#holder = holder;
  }

  /**
   * @param depth frames at most; 0 for none
   * @param above must be running: its frame, and those of what it called, are left out where the
   *   engine can do that
   * @returns the stack now
   */
  static capture(depth: number, above: Entry): Stack {
    if (depth === 0) return new Stack({});
    const engine = Error as TraceableError;
    const limit = engine.stackTraceLimit;
    // Where intrinsics are frozen, stacks are as deep as they are: Reflect does not throw.
    Reflect.set(engine, LIMIT, depth);
    try {
      if (engine.captureStackTrace === undefined) return new Stack(new Error());
      const holder = {};
      engine.captureStackTrace(holder, above);
      return new Stack(holder);
    } finally {
      if (limit === undefined) Reflect.deleteProperty(engine, LIMIT);
      else Reflect.set(engine, LIMIT, limit);
    }
  }

  /**
   * The frames, innermost first, one a line, as the engine writes them. Of the frames inside this
   * package there is the last one, the function that the program called, and there are none inside
   * Node.js.
   */
  get frames(): readonly string[] {
    const lines = (this.#holder.stack ?? "").split("\n").map((line) => line.trim());
    const frames = lines.filter(
      (line) => line !== "" && !/^\w*Error(:|$)|node:internal\//.test(line),
    );
    const first = frames.findIndex((frame) => !isOwn(frame));
    return frames.slice(Math.max(0, first - 1));
  }

  /**
   * The frames, each on a line of its own with four spaces in front; "(no stack was kept)" when
   * there are none.
   */
  toString(): string {
    const { frames } = this;
    return frames.length === 0
      ? "    (no stack was kept)"
      : frames.map((line) => `    ${line}`).join("\n");
  }
}
