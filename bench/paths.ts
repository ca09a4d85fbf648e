// Where things are in a checkout. This file runs as build/bench/paths.js.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Where compiled benchmarks go: JavaScript, WebAssembly, native programs. */
export const output = join(root, "build", "bench");

/** The recorded programs' traces. */
export const traces = join(root, "tests", "golden", "traces");

/** Measured results, committed. */
export const results = join(root, "bench", "results");
