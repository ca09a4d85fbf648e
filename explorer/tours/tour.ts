// What a guided tour is: data, which the explorer plays and the site prints. Every step is a heap
// that can be made anew at any time, so each of them can be linked to.

/** What the calls of a step are made in. */
export type Ground =
  /** A fresh process, and calls in the language of the shell. */
  | { readonly kind: "shell" }
  /** The same; what is looked at is the log of system calls, as strace shows it. */
  | { readonly kind: "strace" }
  /** A recording that the package has, after so many operations. */
  | { readonly kind: "trace"; readonly name: string; readonly at: number };

/** What a step's picture shows, and the explorer's view that belongs to it. */
export type Picture = "chunks" | "space" | "struct" | "abort";

export interface Step {
  /** Its part of addresses. */
  readonly id: string;
  readonly title: string;
  /** Paragraphs; `code` between back quotes. */
  readonly text: readonly string[];
  readonly ground: Ground;
  /** Lines that prepare the scene: calls whose way is not shown. */
  readonly before: readonly string[];
  /** Lines whose output is shown: calls, and commands that look at the heap. */
  readonly lines: readonly string[];
  /** What that output must say: the step's text relies on it, and a test looks for it. */
  readonly facts: readonly string[];
  readonly picture: Picture;
  readonly question: string;
  readonly answer: string;
  /** The number of a sentence of docs/claims.md that this step shows to be wrong. */
  readonly claim?: number;
}

export interface Tour {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly steps: readonly Step[];
}

/** Calls and commands in a fresh process. */
export const SHELL: Ground = { kind: "shell" };
/** The same, for system calls. */
export const STRACE: Ground = { kind: "strace" };
