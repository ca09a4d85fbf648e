// `ptmalloc-wasm explore`: the heap explorer, in the browser, from a server on this machine.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { Command } from "commander";
import { readInput } from "../inputs.js";
import { systemReason, UserError, type CliIo } from "../io.js";
import { wholeNumber } from "../numbers.js";
import { ExplorerFiles } from "./files.js";
import { pageAddress, serveExplorer, type FirstFile } from "./server.js";

interface Options {
  port: number;
  open: boolean;
  at?: number;
}

const EXAMPLES = `
Examples:
  ptmalloc-wasm explore
  ptmalloc-wasm explore git-log --at 5000
  ptmalloc-wasm snapshot git-log --at 300 -o heap.json; ptmalloc-wasm explore heap.json
  ptmalloc-wasm explore --no-open --port 8080

It serves to this machine alone, and nothing leaves the page. Ctrl-C ends it.`;

/** @returns the command, to be added to the program */
export function exploreCommand(io: CliIo): Command {
  return new Command("explore")
    .summary("look at a heap in the browser: map, lists, regions, and why, at any moment")
    .description(
      "Serve the heap explorer to this machine and open it in the browser: chunk map, lists, " +
        "arenas, address space, system calls, and the reason of each step, at any moment.",
    )
    .argument("[file]", "a trace, a recording of another program's, a snapshot or a heap image")
    .option("--at <n>", "begin after that many operations", wholeNumber(0))
    .option("--port <n>", "the port (default: any that is free)", wholeNumber(0, 65_535), 0)
    .option("--no-open", "open no browser: print the address only")
    .addHelpText("after", EXAMPLES)
    .action((file: string | undefined, options: Options) => explore(file, options, io));
}

async function explore(file: string | undefined, options: Options, io: CliIo): Promise<void> {
  const first = file === undefined ? undefined : await firstFile(file, io);
  const server = await serveExplorer({ files: new ExplorerFiles(), first }, options.port).catch(
    (error: unknown) => {
      throw new UserError(`port ${options.port}: ${systemReason(error) ?? String(error)}`);
    },
  );
  const parts = [
    ...(first === undefined ? [] : [`file=${encodeURIComponent(`first/${first.name}`)}`]),
    ...(options.at === undefined ? [] : [`at=${options.at}`]),
  ];
  const address = pageAddress(server, parts.length === 0 ? "" : `#${parts.join("&")}`);
  io.stdout.write(`the explorer is at ${address}\nCtrl-C ends it\n`);
  if (options.open) openBrowser(address, io);
  await once(server, "close");
}

async function firstFile(file: string, io: CliIo): Promise<FirstFile> {
  const { name, bytes } = await readInput(file, io);
  return { name: basename(name), bytes };
}

/** Opens the system's browser; where there is none, the address has been printed. */
function openBrowser(address: string, io: CliIo): void {
  const { platform } = process;
  const [command, ...args] =
    platform === "darwin"
      ? ["open", address]
      : platform === "win32"
        ? ["cmd", "/c", "start", "", address.replaceAll("&", "^&")]
        : ["xdg-open", address];
  const child = spawn(command, args, { stdio: "ignore", detached: true });
  child.on("error", () =>
    io.stderr.write("no browser could be opened: open the address by hand\n"),
  );
  child.unref();
}
