// `ptmalloc-wasm smaps`: /proc/self/smaps or smaps_rollup of a process of the model.

import { Command, Option } from "commander";
import type { CliIo } from "../io.js";
import { machineAt, withMomentOptions, type MomentOptions } from "../machine.js";
import { paintedMappings } from "../paint.js";
import { regionsJson } from "./regions-json.js";
import { colorsFor } from "../tables.js";

interface Options extends MomentOptions {
  json?: true;
  rollup?: true;
}

const EXAMPLES = `
What is resident is the model's: a page counts from its first touch on, and it is dirty then. The
lines are those of Linux, whatever the terminal's width.

Examples:
  ptmalloc-wasm smaps
  ptmalloc-wasm smaps --rollup lua.rep.gz`;

/** @returns the command, to be added to the program */
export function smapsCommand(io: CliIo): Command {
  return withMomentOptions(new Command("smaps"))
    .description(
      "Show the address space as /proc/self/smaps does: of a fresh heap after one malloc, " +
        "or of a trace.",
    )
    .summary("show what is resident, as /proc/self/smaps")
    .option("--rollup", "show the sums, as /proc/self/smaps_rollup")
    .addOption(new Option("--json", "print one JSON object").conflicts("rollup"))
    .addHelpText("after", EXAMPLES)
    .action(async (file: string | undefined, options: Options) => {
      const kernel = await machineAt(file, options, io);
      if (options.json) io.stdout.write(regionsJson("smaps", kernel, true));
      else {
        const text = options.rollup ? kernel.smapsRollup() : kernel.smaps();
        io.stdout.write(paintedMappings(text, colorsFor(io)));
      }
    });
}
