// A line of the shell, taken apart: words, in quotes where they have blanks, and options.

import { UsageError } from "../base/user-error.js";
import type { Flag, Given, HeapCommand } from "./commands/registry.js";

/** @returns the words of a line @throws UsageError for a quote that is left open */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [word, double, single] of line.matchAll(/"([^"]*)"|'([^']*)'|[^\s"']+|["']/g)) {
    if (word === '"' || word === "'") throw new UsageError(`a quote is left open: ${line}`);
    words.push(double ?? single ?? word);
  }
  return words;
}

/** The long name of a flag, and whether it takes a value. */
function flagOf({ flags }: Flag): { names: string[]; long: string; takesValue: boolean } {
  const names = flags.split(/[ ,]+/).filter((part) => part.startsWith("-"));
  const long = names.find((name) => name.startsWith("--"))!.slice(2);
  return { names, long, takesValue: flags.includes("<") };
}

/**
 * Arguments and options of a command.
 * @throws UsageError that names what is too much, missing or unknown
 */
export function givenTo(command: HeapCommand, words: readonly string[]): Given & { json: boolean } {
  const { name, parameters = [], flags = [] } = command;
  const known = flags.map(flagOf);
  const args: string[] = [];
  const options: Record<string, string | true> = {};
  let json = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const flag = known.find(({ names }) => names.includes(word));
    if (word === "--json") json = true;
    else if (flag !== undefined && !flag.takesValue) options[flag.long] = true;
    else if (flag !== undefined) {
      const value = words[++i];
      if (value === undefined) throw new UsageError(`${name}: ${word} needs a value`);
      options[flag.long] = value;
    } else if (/^--?[a-z]/.test(word)) throw new UsageError(`${name}: no option ${word}`);
    else args.push(word);
  }
  const least = parameters.filter(({ isOptional }) => isOptional !== true).length;
  if (args.length < least)
    throw new UsageError(`${name} needs ${parameters[args.length]!.name}: help ${name}`);
  if (args.length > parameters.length)
    throw new UsageError(`${name}: "${args[parameters.length]}" is one argument too many`);
  return { args, options, json };
}
