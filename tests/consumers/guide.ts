// The blocks of docs/environments.md: what a new user writes, runs and sees in each environment.
//
//   <!-- environment: TOOL… -->   begins an environment: several runtimes of which each runs it, or
//                                 what it needs besides (bundlers, a browser)
//   <!-- file: NAME -->           the block that follows is a file
//   ```sh                         commands; what installs packages is done with the packages that
//                                 are here
//   ```text                       what the commands before it print, or after a comment
//   <!-- page: FILE -->             what the file shows, as a page of a server
//   <!-- answers: URL -->           what the server, which is the last of the commands before,
//                                   answers
//   <!-- shows: URL -->             what the page from there shows
//   <!-- end -->

import { basename } from "node:path";
import { zonesOf, type Code } from "../support/markdown.js";
import type { Tool } from "./tools.js";

export type Step =
  | { readonly kind: "file"; readonly name: string; readonly content: string }
  | { readonly kind: "run"; readonly commands: readonly string[] }
  | {
      readonly kind: "expect";
      readonly how: "prints" | "page" | "answers" | "shows";
      readonly where: string;
      readonly text: string;
    };

export interface Guide {
  readonly title: string;
  readonly tools: readonly Tool[];
  readonly steps: readonly Step[];
}

const MARK = /^(file|page|answers|shows): (\S+)$/;

/** @param mark what the comment in front of the block says, if it is for the block */
function stepOf({ language, content }: Code, mark: RegExpExecArray | null): Step {
  const [, kind, where = ""] = mark ?? [];
  if (kind === "file") return { kind, name: where, content };
  if (language === "sh") return { kind: "run", commands: content.trimEnd().split("\n") };
  if (language !== "text") throw new Error(`a block that is neither a file nor run: ${content}`);
  const how = (kind ?? "prints") as "prints" | "page" | "answers" | "shows";
  return { kind: "expect", how, where, text: content.trimEnd() };
}

/** The environments of a document, in order. */
export function guidesOf(document: string): Guide[] {
  return zonesOf(document, "environment").map(({ title, mark, blocks }) => ({
    title,
    tools: mark.split(/:? /).slice(1) as Tool[],
    steps: blocks.flatMap((block, index) => {
      if (block.kind !== "code") return [];
      const before = blocks[index - 1];
      return [stepOf(block, before?.kind === "comment" ? MARK.exec(before.text) : null)];
    }),
  }));
}

/**
 * How many lines it takes from the first import of a program to its first malloc; undefined when it
 * calls none.
 */
export function linesToMalloc(program: string): number | undefined {
  const lines = program.split("\n").filter((line) => line.trim() !== "");
  const from = lines.findIndex((line) => /^\s*import\b/.test(line));
  const to = lines.findIndex((line) => line.includes("malloc(") && !/^\s*import\b/.test(line));
  return to < 0 ? undefined : to - from + 1;
}

/** @returns the packages that a command installs; undefined when it is another command */
export function installed(command: string): string[] | undefined {
  const [, names] = /^(?:npm install|deno add|bun add) (.*)$/.exec(command) ?? [];
  return names?.split(" ").map((name) => name.replace(/^npm:/, ""));
}

/** The name under which a page is asked for, and the folder that it is in. */
export function pageOf(path: string): { folder: string; page: string } {
  const page = basename(path);
  return { folder: path.slice(0, -page.length) || ".", page };
}
