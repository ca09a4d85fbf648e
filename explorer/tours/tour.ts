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

/** What a reader is told and asked. */
export interface Told {
  readonly title: string;
  /** Paragraphs; `code` between back quotes, *stress* between stars. */
  readonly text: readonly string[];
  readonly question: string;
  readonly answer: string;
}

/** A step as the explorer plays it. */
export interface LinkedStep extends Told {
  /** Where it is seen: what stands behind the # of the explorer's address. */
  readonly link: string;
}

/** A step as it is written: a scene, of which the build makes the link, and the site a page. */
export interface Step extends Told {
  /** Its part of addresses. */
  readonly id: string;
  readonly ground: Ground;
  /** Lines that prepare the scene: calls whose way is not shown. */
  readonly before: readonly string[];
  /** Lines whose output is shown: calls, and commands that look at the heap. */
  readonly lines: readonly string[];
  /** What that output must say: the step's text relies on it, and a test looks for it. */
  readonly facts: readonly string[];
  readonly picture: Picture;
  /** The number of a sentence of docs/claims.md that this step shows to be wrong. */
  readonly claim?: number;
}

export interface Tour<S extends Told = Step> {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly steps: readonly S[];
}

/** A tour in the list of tours. */
export type TourName = Pick<Tour, "id" | "title">;

/** Calls and commands in a fresh process. */
export const SHELL: Ground = { kind: "shell" };
/** The same, for system calls. */
export const STRACE: Ground = { kind: "strace" };
