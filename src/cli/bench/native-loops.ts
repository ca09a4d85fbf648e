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

/** A running native program. */
export class NativeLoops {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  /**
   * @param program compiled of loops.c
   * @param files for the commands that run operations
   * @param preload the library of an allocator that takes the C library's place
   */
  constructor(program: string, files?: LoopFiles, preload?: string) {
    const args = files === undefined ? [] : [files.ops, String(files.slots)];
    if (files?.refused !== undefined) args.push(files.refused);
    const env = { ...process.env };
    // Tunables would make another heap of it.
    for (const name of ["GLIBC_TUNABLES", "MALLOC_CONF", "LD_PRELOAD"]) delete env[name];
    if (preload !== undefined) env["LD_PRELOAD"] = preload;
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], env });
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
