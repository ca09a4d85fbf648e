// Programs that are heavy on garbage do the same on this project's runtimes as on AssemblyScript's
// own, and leave a whole heap.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  PROFILES,
  RUNTIMES,
  Workshop,
  instantiate,
  type ProgramExports,
} from "../support/assemblyscript.js";

const PLAIN = `export * from "./programs/index";`;
const CHECKED = `${PLAIN}
export { check_heap, verify_calls } from "ptmalloc-wasm/assembly";
`;

/**
 * Programs, and how much each is to do: enough for several collections, and to leave the small heap
 * behind.
 */
const WORK = { trees: 11, json: 3, words: 4, cache: 20_000, rays: 40, tasks: 40, sorting: 2 };
/** … and where the whole heap is checked at every single call. */
const LITTLE = { trees: 3, words: 0, cache: 40, rays: 3, tasks: 2, sorting: 0 };

const COLLECTORS = ["incremental", "minimal"] as const;
const KINDS = COLLECTORS.flatMap((collector) =>
  (["glibc", "throughput"] as const).map((profile) => ({ collector, profile })),
);

const workshop = new Workshop();
const modules = new Map<string, WebAssembly.Module>();
afterAll(() => workshop.remove());

beforeAll(async () => {
  const compile = async (name: string, source: string, ...options: string[]): Promise<void> => {
    const all = ["-O1", "--exportRuntime", "--runtime", ...options];
    modules.set(name, await workshop.compile(name, source, ...all));
  };
  const check = ["--use", "PTMALLOC_CHECK=2"];
  await Promise.all([
    compile("tlsf", PLAIN, "incremental"),
    ...KINDS.map(({ collector, profile }) => {
      const options = [RUNTIMES[collector], ...check, ...PROFILES[profile]];
      return compile(`${collector}-${profile}`, CHECKED, ...options);
    }),
  ]);
});

/** What the programs answer, one instance for all of them. */
function answers(
  exports: ProgramExports,
  work: Readonly<Record<string, number>>,
  after?: (program: string) => void,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(work).map(([program, amount]) => {
      const answer = exports[program]!(amount);
      after?.(program);
      return [program, answer];
    }),
  );
}

describe.each(KINDS)("the runtime $collector, $profile", ({ collector, profile }) => {
  const name = `${collector}-${profile}`;

  it("gives AssemblyScript's own results, with a heap that is whole after each program", () => {
    const expected = answers(instantiate(modules.get("tlsf")!), WORK);
    const ours = instantiate(modules.get(name)!);
    ours["verify_calls"]!(0);
    const found = answers(ours, WORK, (program) => {
      expect(ours["check_heap"]!(), `after ${program}`).toBe(0);
      if (collector === "minimal") ours["__collect"]!();
      expect(ours["check_heap"]!(), `after ${program} and a collection`).toBe(0);
    });
    expect(found).toEqual(expected);
    expect(Object.values(found)).not.toContain(0);
  });

  it("takes no more memory the longer it runs", () => {
    const ours = instantiate(modules.get(name)!);
    ours["verify_calls"]!(0);
    const round = (): void => {
      ours["trees"]!(12);
      ours["words"]!(1);
      ours["__collect"]!();
    };
    // A cache that keeps all decides only after the first rounds how far the heap must grow.
    for (let rounds = 0; rounds < 3; rounds++) round();
    const pages = ours["pages"]!();
    for (let rounds = 0; rounds < 10; rounds++) round();
    expect(ours["pages"]!()).toBeLessThanOrEqual(pages * 1.5);
    expect(ours["check_heap"]!()).toBe(0);
  });

  it("has nothing to hide from the checker at every call of the allocator", () => {
    const expected = answers(instantiate(modules.get("tlsf")!), LITTLE);
    expect(answers(instantiate(modules.get(name)!), LITTLE)).toEqual(expected);
  });
});
