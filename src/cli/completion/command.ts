// `ptmalloc-wasm completion`: a script for a shell that completes commands, options, their choices,
// and files. All that it knows is taken from the commands' own definitions.

import { Argument, Command, type Option } from "commander";
import { NAME, type CliIo } from "../io.js";
import { outlineOf, summaryOf, type CommandOutline } from "../program-outline.js";

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

const EXAMPLES = `
Examples:
  source <(ptmalloc-wasm completion bash)    # in ~/.bashrc
  source <(ptmalloc-wasm completion zsh)     # in ~/.zshrc, after compinit
  ptmalloc-wasm completion fish > ~/.config/fish/completions/ptmalloc-wasm.fish`;

/** @returns the command, to be added to the program */
export function completionCommand(io: CliIo): Command {
  return new Command("completion")
    .description("Print a script for a shell that completes commands, options and files.")
    .summary("print a shell's completion script")
    .addArgument(new Argument("<shell>", "whose script").choices(Object.keys(SHELLS)))
    .addHelpText("after", EXAMPLES)
    .action((shell: keyof typeof SHELLS, _options: unknown, command: Command) => {
      io.stdout.write(SHELLS[shell](outlineOf(command.parent!)));
    });
}

/** The words of a command's first argument; undefined where it takes files, or none. */
function choicesOf({ subcommands, command }: CommandOutline): string[] | undefined {
  if (subcommands.length > 0) return subcommands.map((each) => each.name());
  return command.registeredArguments[0]?.argChoices;
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].filter((flag) => flag !== undefined);
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

/** A pattern of case: each word in quotes. */
function pattern(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join("|");
}

function bashScript(outlines: readonly CommandOutline[]): string {
  const paths = outlines.map(({ path }) => path).filter((path) => path !== "");
  const values = outlines.flatMap(({ path, options }) =>
    options.filter(takesValue).map((option) => {
      const words = option.argChoices?.join(" ") ?? "";
      return `    ${pattern(flagsOf(option).map((flag) => `${path}:${flag}`))}) words="${words}" ;;`;
    }),
  );
  const arms = outlines.map((outline) => {
    const flags = outline.options.flatMap(flagsOf).join(" ");
    const words = choicesOf(outline)?.join(" ") ?? "";
    return `      "${outline.path}") flags="${flags}"; words="${words}" ;;`;
  });
  return `# bash completion of ${NAME}
_ptmalloc_wasm() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path= words= flags= i
  # bash makes words of their own of the = in --option=value.
  if [[ $cur == = ]]; then cur=
  elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
      ${pattern(paths)}) path=\${path:+$path }\${COMP_WORDS[i]} ;;
    esac
  done
  case "$path:$prev" in
${values.join("\n")}
    *)
    case "$path" in
${arms.join("\n")}
    esac
    [[ $cur == -* ]] && words=$flags ;;
  esac
  # Where there is nothing to choose from, bash itself completes files.
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _ptmalloc_wasm ${NAME}
`;
}

/** Text in single quotes of zsh, with what is special in _arguments escaped. */
function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&").replaceAll("'", "'\\''");
}

function zshOption(option: Option): string {
  const flags = flagsOf(option);
  const values = option.argChoices ? `(${option.argChoices.join(" ")})` : "_files";
  const value = takesValue(option) ? `:${zshText(option.attributeName())}:${values}` : "";
  const names = flags.length === 1 ? flags[0]! : `{${flags.join(",")}}`;
  // An option may come again where it says so only; * is of those.
  const again = option.description.includes("may be repeated") ? "'*'" : `'(${flags.join(" ")})'`;
  return `${again}${names}'[${zshText(option.description)}]${value}'`;
}

function zshScript(outlines: readonly CommandOutline[]): string {
  const functionOf = (path: string) =>
    `_ptmalloc_wasm${path === "" ? "" : `_${path}`}`.replace(/\W/g, "_");
  const functions = outlines.map((outline) => {
    const { path, options, subcommands } = outline;
    const specs = options.map(zshOption);
    if (subcommands.length === 0) {
      const choices = choicesOf(outline);
      specs.push(`'*:file:${choices === undefined ? "_files" : `(${choices.join(" ")})`}'`);
      return `${functionOf(path)}() {\n  _arguments -s ${specs.join(" \\\n    ")}\n}\n`;
    }
    const described = subcommands.map((each) => `'${each.name()}:${zshText(summaryOf(each))}'`);
    const arms = outlines
      .filter((below) => below.path !== "" && parentOf(below.path) === path)
      .map((below) => `      ${below.command.name()}) ${functionOf(below.path)} ;;`);
    return `${functionOf(path)}() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C ${specs.join(" \\\n    ")} \\
    '1: :->command' '*:: :->rest'
  case $state in
    command)
      local -a commands=(${described.join("\n        ")})
      _describe command commands ;;
    rest)
      case $line[1] in
${arms.join("\n")}
      esac ;;
  esac
}
`;
  });
  return `#compdef ${NAME}
${functions.join("")}if [[ $funcstack[1] == _ptmalloc_wasm ]]; then _ptmalloc_wasm "$@"
else compdef _ptmalloc_wasm ${NAME}; fi
`;
}

function parentOf(path: string): string {
  return path.split(" ").slice(0, -1).join(" ");
}

function fishText(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

function fishScript(outlines: readonly CommandOutline[]): string {
  const paths = outlines.map(({ path }) => path).filter((path) => path !== "");
  const lines = outlines.flatMap((outline) => {
    const at = `complete -c ${NAME} -n 'test "$(__ptmalloc_wasm_path)" = "${outline.path}"'`;
    const options = outline.options.map((option) => {
      const flags = [
        option.short && `-s ${option.short.slice(1)}`,
        option.long && `-l ${option.long.slice(2)}`,
      ];
      const choices = option.argChoices && `-fa ${fishText(option.argChoices.join(" "))}`;
      const value = [takesValue(option) && "-r", choices];
      const words = [at, ...flags, ...value, `-d ${fishText(option.description)}`];
      return words.filter((word) => typeof word === "string").join(" ");
    });
    const { subcommands } = outline;
    const commands = subcommands.map(
      (each) => `${at} -fa ${each.name()} -d ${fishText(summaryOf(each))}`,
    );
    const choices = subcommands.length > 0 ? undefined : choicesOf(outline);
    const values = choices === undefined ? [] : [`${at} -fa ${fishText(choices.join(" "))}`];
    return [...options, ...commands, ...values];
  });
  return `# fish completion of ${NAME}
function __ptmalloc_wasm_path
  set -l path
  for word in (commandline -opc)[2..-1]
    switch (string trim "$path $word")
      case ${paths.map(fishText).join(" ")}
        set path (string trim "$path $word")
    end
  end
  echo $path
end
${lines.join("\n")}
`;
}
