// What commands, options and arguments there are, as commander has them: completion and the man
// page are made of this.

import type { Command, Option } from "commander";

/** A command, the program itself included. */
export interface CommandOutline {
  /** Its name with those above it, without the program's: "strace script"; "" for the program. */
  readonly path: string;
  readonly command: Command;
  readonly options: readonly Option[];
  readonly subcommands: readonly Command[];
}

/** @returns the program and all its commands, each in front of its own subcommands */
export function outlineOf(command: Command, path = ""): CommandOutline[] {
  const help = command.createHelp();
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  const subcommands = help.visibleCommands(command);
  const below = subcommands
    // The command that shows help is commander's own, and made anew each time.
    .filter((each) => command.commands.includes(each))
    .flatMap((each) => outlineOf(each, `${path} ${each.name()}`.trim()));
  return [{ path, command, options, subcommands }, ...below];
}

/** @returns what a command is, in a few words */
export function summaryOf(command: Command): string {
  return command.summary() || command.description();
}
