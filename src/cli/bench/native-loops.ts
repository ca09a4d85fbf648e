// A process of its own that runs the loops of bench/native/loops.c and answers with what its clock
// says.

import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** What the loops are started with. */
export interface LoopFiles {
  /** The packed operations. */
  readonly ops: string;
  /** Length of the block table. */
  readonly slots: number;
  /** The indices of the operations that may be refused. */
  readonly refused?: string;
}

/** A program compiled of loops.c, and how it is run. */
export interface NativeProgram {
  readonly path: string;
  /** What stands in front of it: the loader of another C library, with its arguments. */
  readonly loader?: readonly string[];
  /** The library of an allocator that takes the C library's place. */
  readonly preload?: string;
}

/** A running native program. */
export class NativeLoops {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  /**
   * @param files for the commands that run operations
   */
  constructor({ path, loader = [], preload }: NativeProgram, files?: LoopFiles) {
    const [command = path, ...args] = [...loader, path];
    if (files !== undefined) args.push(files.ops, String(files.slots));
    if (files?.refused !== undefined) args.push(files.refused);
    const env = { ...process.env };
    // Tunables would make another heap of it.
    for (const name of ["GLIBC_TUNABLES", "MALLOC_CONF", "LD_PRELOAD"]) delete env[name];
    if (preload !== undefined) env["LD_PRELOAD"] = preload;
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env });
    this.#child.stdin.on("error", () => {
      // It has ended; the answer that does not come tells.
    });
    this.#child.on("error", () => this.#child.stdout.destroy());
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Sends a command (see loops.c).
   * @returns the line that it answers
   * @throws Error when the program has ended
   */
  async ask(command: string): Promise<string> {
    this.#child.stdin.write(`${command}\n`);
    const answer = await this.#lines.next();
    if (answer.done === true) {
      const { signalCode, exitCode } = this.#child;
      const why = signalCode ?? (exitCode === null ? "it cannot be run" : `exit code ${exitCode}`);
      throw new Error(`the native loops ended at "${command}": ${why}`);
    }
    return answer.value;
  }

  /** As {@link ask}. @returns the numbers of the answer */
  async run(command: string): Promise<number[]> {
    const answer = await this.ask(command);
    return answer === "" ? [] : answer.split(" ").map(Number);
  }

  /** Ends the program. */
  close(): void {
    this.#child.stdin.end();
  }
}
