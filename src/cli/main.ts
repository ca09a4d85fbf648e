#!/usr/bin/env node
// The `ptmalloc-wasm` command.

import process from "node:process";
import { NAME, systemReason } from "./io.js";
import { runCli } from "./program.js";

/**
 * What a stream's error ends the command with. A reader that has seen enough (`| head`) closes the
 * pipe, which is no error of ours; whatever else there is to write cannot be written either.
 */
function endAt(stream: NodeJS.WriteStream, name: string): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    if (stream === process.stdout) {
      const reason = systemReason(error) ?? error.message;
      process.stderr.write(`${NAME}: cannot write to ${name}: ${reason}\n`);
    }
    process.exit(1);
  });
}

endAt(process.stdout, "standard output");
endAt(process.stderr, "standard error");
// Node 20 may hang in an event loop that has nothing to wait for while compiled code is on its way
// (nodejs/node#54918): it has a timer as long as a command runs.
const awake = setInterval(() => undefined, 2 ** 30);
process.exitCode = await runCli(process.argv.slice(2), process);
clearInterval(awake);
