// `ptmalloc-wasm bench`: allocators raced over traces, and what is made of the results.

import { Command } from "commander";
import type { CliIo } from "../io.js";
import { compareCommand } from "./compare-command.js";
import { reportCommand } from "./report-command.js";

/** @returns the command, to be added to the program */
export function benchCommand(io: CliIo): Command {
  return new Command("bench")
    .description("Show and compare results of allocators that were raced over traces.")
    .summary("show and compare results of races between allocators")
    .addCommand(reportCommand(io))
    .addCommand(compareCommand(io));
}
