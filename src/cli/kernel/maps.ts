// `ptmalloc-wasm maps`: /proc/self/maps of a process of the model.

import { Command } from "commander";
import type { CliIo } from "../io.js";
import { machineAt, withMomentOptions, type MomentOptions } from "../machine.js";
import { paintedMappings } from "../paint.js";
import { regionsJson } from "./regions-json.js";
import { colorsFor } from "../tables.js";

interface Options extends MomentOptions {
  json?: true;
}

const EXAMPLES = `
The lines are those of Linux, whatever the terminal's width.

Examples:
  ptmalloc-wasm maps
  ptmalloc-wasm maps --abi lp64 --layout top-down lua.rep.gz --at 10000`;

/** @returns the command, to be added to the program */
export function mapsCommand(io: CliIo): Command {
  return withMomentOptions(new Command("maps"))
    .description(
      "Show the address space as /proc/self/maps does: of a fresh heap after one malloc, " +
        "or of a trace.",
    )
    .summary("show the address space, as /proc/self/maps")
    .option("--json", "print one JSON object")
    .addHelpText("after", EXAMPLES)
    .action(async (file: string | undefined, options: Options) => {
      const kernel = await machineAt(file, options, io);
      if (options.json) io.stdout.write(regionsJson("maps", kernel, false));
      else io.stdout.write(paintedMappings(kernel.maps(), colorsFor(io)));
    });
}
