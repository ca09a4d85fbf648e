/** Completion and the man page, which are made of the commands' definitions. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeProgram } from "../../src/cli/program.js";
import { outlineOf } from "../../src/cli/program-outline.js";
import { run } from "./run.js";

const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: {} };
const outlines = outlineOf(makeProgram(io));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "completion-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function has(program: string): boolean {
  return spawnSync(program, ["--version"]).error === undefined;
}

/** @returns the file of a shell's script */
async function scriptOf(shell: string): Promise<string> {
  const { code, stdout, stderr } = await run(["completion", shell]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const path = join(folder, shell);
  writeFileSync(path, stdout);
  return path;
}

function output(program: string, args: string[]): string {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: "utf8", cwd: folder });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return stdout;
}

/** What is typed, and what some of the answers are; the last word is the one to be completed. */
const TYPED: [typed: string[], some: string[], none: string[]][] = [
  [[""], ["replay", "strace", "completion", "help"], ["script"]],
  [["st"], ["strace"], ["smaps"]],
  [["strace", ""], ["replay", "script"], ["maps"]],
  [["strace", "script", "--ab"], ["--abi"], ["--json"]],
  [["strace", "script", "-"], ["--expr", "--column", "--color", "--help"], ["--at"]],
  [["maps", "--abi", ""], ["ilp32", "lp64"], ["linux"]],
  [["maps", "--json", "--layout", "t"], ["top-down"], ["linux"]],
  [["mm", "--proc", "stat"], ["status", "statm", "stat"], ["maps"]],
  [["completion", ""], ["bash", "zsh", "fish"], ["replay"]],
];

describe("completion", () => {
  it("knows every command and option", () => {
    const paths = outlines.map(({ path }) => path);
    expect(paths).toContain("strace script");
    expect(paths).toContain("");
  });

  it.each(TYPED)("of bash, after %j", async (typed, some, none) => {
    const path = await scriptOf("bash");
    const words = ["ptmalloc-wasm", ...typed].map((word) => `'${word}'`).join(" ");
    const lines = [
      `source ${path}`,
      `COMP_WORDS=(${words}); COMP_CWORD=${typed.length}`,
      "_ptmalloc_wasm; printf '%s\\n' \"${COMPREPLY[@]}\"",
    ];
    const answers = output("bash", ["-c", lines.join("\n")]).split("\n");
    expect(answers).toEqual(expect.arrayContaining(some));
    for (const word of none) expect(answers).not.toContain(word);
  });

  it("of bash, of --option=value, and files where there is nothing to choose from", async () => {
    const path = await scriptOf("bash");
    const after = (words: string, at: number) =>
      output("bash", [
        "-c",
        `source ${path}; COMP_WORDS=(${words}); COMP_CWORD=${at}; _ptmalloc_wasm; echo "\${COMPREPLY[*]}"; complete -p ptmalloc-wasm`,
      ]);
    expect(after("ptmalloc-wasm maps --abi = l", 4)).toMatch(/^lp64\n/);
    expect(after("ptmalloc-wasm maps --abi =", 3)).toMatch(/^ilp32 lp64\n/);
    expect(after("ptmalloc-wasm maps ''", 2)).toMatch(/^\ncomplete -o default -F/);
    expect(after("ptmalloc-wasm maps --tunables ''", 3)).toMatch(/^\n/);
  });

  it.skipIf(!has("fish")).each(TYPED)("of fish, after %j", async (typed, some, none) => {
    const path = await scriptOf("fish");
    const line = ["ptmalloc-wasm", ...typed].join(" ");
    const text = output("fish", ["-c", `source ${path}; complete -C '${line}'`]);
    const answers = text.split("\n").map((answer) => answer.split("\t")[0]);
    expect(answers).toEqual(expect.arrayContaining(some));
    for (const word of none) expect(answers).not.toContain(word);
  });

  it.skipIf(!has("zsh"))("of zsh is a script of zsh with all commands and options", async () => {
    const path = await scriptOf("zsh");
    output("zsh", ["-n", path]);
    const defined = output("zsh", [
      "-fc",
      `compdef() { }; source ${path}; print -l \${(k)functions}`,
    ]);
    for (const { path: command } of outlines) {
      const name = `_ptmalloc_wasm${command === "" ? "" : `_${command.replace(/\W/g, "_")}`}`;
      expect(defined.split("\n")).toContain(name);
    }
  });

  it("of a shell that there is none of is refused", async () => {
    expect(await run(["completion", "tcsh"])).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("the man page", () => {
  /** The page as one sees it, in one line. */
  const plain = (page: string) => page.replaceAll("\\-", "-").replaceAll("\\e", "\\");

  it("has every command, argument and option with what they are", async () => {
    const page = plain((await run(["man"])).stdout);
    expect(page).toMatch(/^\.TH PTMALLOC-WASM 1 "" "ptmalloc-wasm \d+\.\d+\.\d+" /);
    for (const { path, command, options } of outlines) {
      if (path !== "") expect(page).toContain(`\n.SS ${path}\n${command.description()}\n`);
      for (const option of options) {
        expect(page).toContain(`\n.B ${option.flags}\n${option.description}`);
      }
      for (const argument of command.registeredArguments) {
        expect(page).toContain(`\n.I ${argument.name()}\n${argument.description}`);
      }
    }
  });

  it("has what stands behind the options in the help", async () => {
    const page = plain((await run(["man"])).stdout);
    expect(page).toContain("\nptmalloc-wasm strace script calls.txt\n");
    expect(page).toContain("Exit status: 0; 1 when an input is damaged");
  });

  it.skipIf(!has("mandoc") && !has("man"))("is one that man can show", async () => {
    const { stdout } = await run(["man"]);
    const path = join(folder, "ptmalloc-wasm.1");
    writeFileSync(path, stdout);
    if (has("mandoc")) output("mandoc", ["-Tlint", "-Werror", path]);
    const shown = spawnSync("man", ["-l", path], {
      encoding: "utf8",
      env: { ...process.env, MANWIDTH: "80" },
    });
    if (shown.error === undefined) expect(shown.stdout).toContain("ptmalloc-wasm strace script");
  });
});
