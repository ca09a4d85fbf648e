// How help looks: as wide as the terminal, up to 100 columns, words whole, in colours where these
// are wanted.

import { stripVTControlCharacters } from "node:util";
import type { Command } from "commander";
import { NAME, type CliIo } from "./io.js";
import { colorsFor, terminalWidth, wrap } from "./tables.js";

/** Lines of help are no longer, however wide the terminal is. */
const MOST_WIDTH = 100;

/** Makes a command show help and errors as all commands do. */
export function configureHelp(command: Command, io: CliIo): void {
  const width = () => Math.min(terminalWidth(io), MOST_WIDTH);
  const colors = () => colorsFor(io);
  const toStderr = { ...io, stdout: io.stderr };
  command
    .configureHelp({
      showGlobalOptions: true,
      minWidthToWrap: 20,
      styleTitle: (text) => colors().bold(text),
      styleCommandText: (text) => colors().cyan(text),
      styleSubcommandText: (text) => colors().cyan(text),
      styleOptionText: (text) => colors().green(text),
      styleArgumentText: (text) => colors().yellow(text),
    })
    .configureOutput({
      writeOut: (text) => io.stdout.write(fitted(text, width())),
      writeErr: (text) => io.stderr.write(fitted(text, width())),
      outputError: (text) => io.stderr.write(text.replace(/^error: /, `${NAME}: `)),
      getOutHelpWidth: width,
      getErrHelpWidth: width,
      getOutHasColors: () => colors().isColorSupported,
      getErrHasColors: () => colorsFor(toStderr).isColorSupported,
    });
}

/** @returns text whose longer lines go on below, a bit further in where they were indented */
export function fitted(text: string, width: number): string {
  return text
    .split("\n")
    .map((line) => {
      if (stripVTControlCharacters(line).length <= width) return line;
      const indent = /^ */.exec(line)![0];
      const further = indent === "" ? "" : `${indent}  `;
      const [first = "", ...rest] = wrap(line.trimStart(), width - further.length).split("\n");
      return [indent + first, ...rest.map((part) => further + part.trimStart())].join("\n");
    })
    .join("\n");
}
