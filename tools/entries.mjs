/** The package's entries: files of src/ that become files of dist/ of the same name. */
export const ENTRIES = [
  "index",
  "index.workerd",
  "index.edge-light",
  "core",
  "wasm",
  "threads",
  "inspect",
  "kernel",
  "link",
  "image",
  "debug",
];

/** The entries of the allocator's AssemblyScript sources, as/: files of assembly/. */
export const AS_ENTRIES = ["runtime/library", "runtime/collected"];
