// What does it cost to have one more heap?
//
// Rationale: programs that give each request, document or test a heap of its own make many. The
// binary is compiled once; what is left is an instance, a memory, and the structs of the kernel's
// and libc's at its base. A memory and an instance alone are what nobody can do without.
//
// Caveats: heaps are dropped as soon as they are made, and the engine's collection of them is
// inside the clock. A memory may grow to 4 GiB: V8 reserves addresses for that (10 GiB a memory in
// Node.js 20 and 22, 8 GiB in 24) but no memory. The first heap of a program also compiles, which
// takes some milliseconds; it is not in the table.

import { createHeap, createHeapSync } from "../../src/heap/create.js";
import type { Contestant } from "../lab/harness.js";
import { race } from "../lab/harness.js";
import { wasmModule } from "../contestants/binaries.js";
import { ratio, scaled, type Cell, type Question } from "../lab/question.js";

const HEAPS_A_CALL = 20;
const BARE = "a memory and an instance alone";

function contestant(name: string, make: () => void | Promise<void>): Contestant {
  return {
    name,
    unitsPerCall: HEAPS_A_CALL,
    clocked: null,
    async call() {
      for (let i = 0; i < HEAPS_A_CALL; i++) await make();
    },
  };
}

export const heaps: Question = {
  name: "heaps",
  question: "What does it cost to have one more heap?",
  async answer(scale) {
    const wasm = wasmModule("core.ilp32");
    const fail = () => undefined;
    const found = await race(
      "heaps",
      [
        contestant("createHeapSync()", () => void createHeapSync({ wasm })),
        contestant("createHeapSync(), one block in it", () => {
          createHeapSync({ wasm }).malloc(100);
        }),
        contestant("await createHeap()", async () => void (await createHeap({ wasm }))),
        contestant(BARE, () => {
          const memory = new WebAssembly.Memory({ initial: 2, maximum: 65535 });
          new WebAssembly.Instance(wasm, { env: { memory }, host: { fail } });
        }),
      ],
      scaled({ rounds: 6, seconds: 0.3 }, scale),
    );
    const rows = [...found].map(([name, { median, best }]) => {
      const cell: Cell = { median: median / 1000, best: best / 1000 };
      return { contestant: name, cells: [cell] };
    });
    const bare = rows.find((row) => row.contestant === BARE)!.cells[0]!;
    return {
      unit: "µs a heap",
      columns: ["one more heap"],
      rows,
      ratios: rows
        .filter((row) => row.contestant !== BARE)
        .flatMap((row) => ratio(`${row.contestant} to ${BARE}`, row.cells[0]!, bare)),
      notes: [],
    };
  },
};
