/** The package's entries: files of dist/. */
export const ENTRIES = [
  "index",
  "index.workerd",
  "index.edge-light",
  "core",
  "wasm",
  "threads",
  "inspect",
  "trace",
  "shell",
  "kernel/index",
  "link/index",
  "image/index",
  "debug/index",
];

/** @param {string} entry @returns {string} its source, a file of src/ itself: "kernel.ts" */
export const entrySource = (entry) => `${entry.replace(/\/index$/, "")}.ts`;

/** The entries of the allocator's AssemblyScript sources, as/: files of assembly/. */
export const AS_ENTRIES = ["runtime/library", "runtime/collected"];
