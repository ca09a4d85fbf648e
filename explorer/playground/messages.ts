// What the page and a running program tell each other.

/** What is to be run. */
export interface RunOrder {
  /** The binary, bytes. */
  readonly wasm: Uint8Array;
  readonly abi: "ilp32" | "lp64";
  /** The program. */
  readonly text: string;
}

/** What a program did. */
export type RunReport =
  | { readonly kind: "calls"; readonly calls: { name: string; args: string[] }[] }
  | { readonly kind: "output"; readonly text: string }
  | { readonly kind: "end"; readonly failure: string };
