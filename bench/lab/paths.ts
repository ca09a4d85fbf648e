// Where things are in a checkout. This file runs as build/bench/paths.js, in tests as it is.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function checkout(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** The checkout. */
export const root = checkout();

/** Where compiled benchmarks go: JavaScript, WebAssembly, native programs. */
export const output = join(root, "build", "bench");

/** The recorded programs' traces. */
export const traces = join(root, "traces");

/** Measured results, committed. */
export const results = join(root, "bench", "results");
