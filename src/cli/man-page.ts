// `ptmalloc-wasm man`: the man page, made of what --help says.

import { Command, type Option } from "commander";
import { NAME, type CliIo } from "./io.js";
import { outlineOf, type CommandOutline } from "./program-outline.js";

/** @returns the command, to be added to the program */
export function manCommand(io: CliIo): Command {
  return new Command("man")
    .description("Print the man page, in roff: for man -l -, or a folder of man pages.")
    .summary("print the man page")
    .addHelpText("after", "\nExamples:\n  ptmalloc-wasm man | man -l -")
    .action((_options: unknown, command: Command) => {
      io.stdout.write(manPage(command.parent!));
    });
}

/** @returns the man page of a program and all its commands, in roff's macros for man pages */
export function manPage(program: Command): string {
  const [whole, ...commands] = outlineOf(program);
  const version = program.version() ?? "";
  return [
    `.TH ${NAME.toUpperCase()} 1 "" "${NAME} ${version}" "User Commands"`,
    ".SH NAME",
    `${roff(NAME)} \\- glibc's malloc and the kernel below it, in WebAssembly`,
    ".SH SYNOPSIS",
    commands
      .filter(({ subcommands }) => subcommands.length === 0)
      .map(({ path, command }) => `.B ${roff(`${NAME} ${path}`)}\n${roff(usageOf(command))}`)
      .join("\n.br\n"),
    ".SH DESCRIPTION",
    roff(program.description()),
    ".SH OPTIONS",
    "Every command has these:",
    ...whole!.options.map(optionText),
    ".SH COMMANDS",
    ...commands.flatMap(commandText),
    ...afterText(program),
    "",
  ].join("\n");
}

function usageOf(command: Command): string {
  const args = command.registeredArguments.map((argument) => {
    const word = `${argument.name()}${argument.variadic ? "..." : ""}`;
    return argument.required ? word : `[${word}]`;
  });
  return ["[options]", ...args].join(" ");
}

function commandText({ path, command, options }: CommandOutline): string[] {
  const inherited = new Set(command.createHelp().visibleGlobalOptions(command));
  // Commander's own, and the same everywhere.
  const isOwn = (option: Option) => !inherited.has(option) && option.long !== "--help";
  return [
    `.SS ${roff(path)}`,
    roff(command.description()),
    ...command.registeredArguments.map(
      (argument) => `.TP\n.I ${roff(argument.name())}\n${roff(argument.description)}`,
    ),
    ...options.filter(isOwn).map(optionText),
    ...afterText(command),
  ];
}

function optionText(option: Option): string {
  const choices = option.argChoices;
  const facts: string[] = [];
  if (choices !== undefined) facts.push(`choices: ${choices.join(", ")}`);
  const shown: unknown = option.defaultValueDescription ?? option.defaultValue;
  const isShown = typeof shown === "string" || typeof shown === "number";
  if (isShown) facts.push(`default: ${shown}`);
  const more = facts.length === 0 ? "" : ` (${facts.join("; ")})`;
  return `.TP\n.B ${roff(option.flags)}\n${roff(option.description + more)}`;
}

/**
 * What stands behind the options in a command's help: headings, paragraphs, and examples, indented.
 */
function afterText(command: Command): string[] {
  const parts: string[] = [];
  const isOfTerminal = command.configureOutput();
  command.configureOutput({ writeOut: (text) => void parts.push(text) });
  command.outputHelp();
  command.configureOutput(isOfTerminal);
  // The first part is the list of options, which is above.
  const lines = parts.slice(1).join("\n").split("\n");
  const found: string[] = [];
  let isExample = false;
  for (const line of lines) {
    if (isExample !== line.startsWith(" ") && line !== "") {
      isExample = !isExample;
      found.push(isExample ? ".PP\n.nf\n.RS" : ".RE\n.fi");
    }
    if (line !== "") found.push(roff(line.trimStart()));
    else if (found.length > 0 && !isExample) found.push(".PP");
  }
  if (isExample) found.push(".RE\n.fi");
  while (found.at(-1) === ".PP") found.pop();
  return found.length === 0 ? [] : [".PP", ...found];
}

/** Text as roff takes it: no line of it is a request, and hyphens can be copied. */
function roff(text: string): string {
  return text.trim().replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^[.']/gm, "\\&$&");
}
