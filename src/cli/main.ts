#!/usr/bin/env node
// The `ptmalloc-wasm` command.

import process from "node:process";
import { runCli } from "./program.js";

// A reader that has seen enough (`| head`) closes the pipe; that is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), process);
