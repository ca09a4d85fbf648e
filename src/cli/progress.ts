// A progress bar on stderr, for terminals only.

import { SingleBar } from "cli-progress";
import type { CliIo } from "./io.js";

/** Shows how much of a long work is done; does nothing where nobody watches. */
export class Progress {
  private readonly bar: SingleBar | undefined;

  /** @param total units of work, such as operations */
  constructor(io: CliIo, total: number) {
    if (io.stderr.isTTY !== true || total <= 0) return;
    this.bar = new SingleBar({
      format: "{what} {bar} {percentage} % · {eta_formatted} left",
      stream: io.stderr as unknown as NodeJS.WritableStream,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 40,
      clearOnComplete: true,
      hideCursor: true,
      etaBuffer: 50,
    });
    this.bar.start(total, 0, { what: "" });
  }

  /** Says what is being worked on, in at most some 24 letters. */
  label(what: string): void {
    this.bar?.update({ what: what.padEnd(24) });
  }

  /** There is more, or less, to do in all than was thought. */
  expect(total: number): void {
    this.bar?.setTotal(total);
  }

  /** So many more units are done. */
  readonly advance = (units: number): void => {
    this.bar?.increment(units);
  };

  /** Takes the bar away. */
  stop(): void {
    this.bar?.stop();
  }
}
