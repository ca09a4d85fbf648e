// Programs that are heavy on garbage, one a file, in ordinary AssemblyScript: the benchmark's and
// the tests' work for its runtimes.

export { cache } from "./cache";
export { json } from "./json";
export { rays } from "./rays";
export { sorting } from "./sorting";
export { tasks } from "./tasks";
export { trees } from "./trees";
export { words } from "./words";

/** The memory's size, pages. Memories never shrink: this is the most that was needed. */
export function pages(): i32 {
  return memory.size();
}
