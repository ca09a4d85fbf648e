// Is a program faster on JavaScript's objects, or on a heap in WebAssembly?
//
// Rationale: "should this be in a Wasm heap?" is asked of whole programs, not of allocations. Each
// program is written twice, as one would write it there, and both give the same checksum: records
// as objects, or as blocks that JavaScript reads and writes through typed arrays.
//
// Caveats: the heap's programs are JavaScript, too: only malloc and free are calls into
// WebAssembly. Whoever compiles the whole program to WebAssembly has other numbers. A run begins
// and ends with nothing; what the engine's collector does is inside the clock.

import { createHeapSync } from "../../src/heap/create.js";
import { binaryName, type Profile } from "../../src/binary/profile.js";
import { race, type Contestant } from "../lab/harness.js";
import { ratio, scaled, type Cell, type Question } from "../lab/question.js";
import { wasmModule } from "../contestants/binaries.js";
import { OURS, THROUGHPUT } from "../contestants/allocators.js";
import { programs } from "../twice/index.js";
import { Words, type Twice } from "../twice/words.js";

const OBJECTS = "JavaScript's objects";
const HEAPS: Readonly<Record<string, Profile>> = {
  [OURS.ilp32]: "glibc",
  [THROUGHPUT]: "throughput",
};
const rows = [OBJECTS, ...Object.keys(HEAPS)];

/** @throws Error where the two do not agree */
function contestantsOf(program: Twice): Contestant[] {
  const { operations: unitsPerCall } = program;
  const wanted = program.onObjects();
  const onObjects = (): void => void program.onObjects();
  const heaps = Object.entries(HEAPS).map(([name, profile]): Contestant => {
    const wasm = wasmModule(binaryName("core", profile, "ilp32"));
    const words = new Words(createHeapSync({ wasm }));
    if (program.onHeap(words) !== wanted)
      throw new Error(`${program.name}: the heap's result is not the objects'`);
    return { name, unitsPerCall, call: () => void program.onHeap(words), clocked: null };
  });
  return [{ name: OBJECTS, unitsPerCall, call: onObjects, clocked: null }, ...heaps];
}

export const jsPrograms: Question = {
  name: "js-programs",
  question: "Is a program faster on JavaScript's objects, or on a heap in WebAssembly?",
  isQuick: true,
  async answer(scale) {
    const cells = new Map<string, Cell[]>(rows.map((name) => [name, []]));
    const effort = scaled({ rounds: 6, seconds: 0.12 }, scale);
    for (const program of programs) {
      const found = await race(program.name, contestantsOf(program), effort);
      for (const [name, { median, best }] of found) cells.get(name)!.push({ median, best });
    }
    return {
      unit: "ns an operation",
      columns: programs.map(({ name }) => name),
      rows: [...cells].map(([contestant, row]) => ({ contestant, cells: row })),
      ratios: programs.flatMap(({ name }, at) =>
        ratio(
          `${name}: ${OURS.ilp32} to objects`,
          cells.get(OURS.ilp32)![at]!,
          cells.get(OBJECTS)![at]!,
        ),
      ),
      notes: programs.map(({ name, rationale }) => `${name}: ${rationale}`),
    };
  },
};
