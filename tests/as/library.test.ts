// The allocator as a library of AssemblyScript programs that have another runtime, or hardly any:
// in both layouts and profiles, at a base of theirs.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProcessSync } from "../../src/process/process.js";
import { Prng } from "../support/prng.js";
import { PROFILES, Workshop, instantiate, type ProgramExports } from "../support/assemblyscript.js";

const source = (from: string): string => `
import { startHeap } from "${from}";
export { malloc, free, calloc, realloc, memalign, malloc_usable_size, mallinfo2, malloc_trim, sbrk, check_heap }
  from "${from}";
export function start(base: usize, limit: usize): i32 { return startHeap(base, limit); }
export function staticEnd(): usize { return __heap_base; }
`;

const FROM = { ilp32: "ptmalloc-wasm/assembly", lp64: "ptmalloc-wasm/as/lp64" } as const;
const abis = ["ilp32", "lp64"] as const;
const profiles = ["glibc", "throughput"] as const;
const kinds = abis.flatMap((abi) => profiles.map((profile) => ({ abi, profile })));

const workshop = new Workshop();
const modules = new Map<string, WebAssembly.Module>();
afterAll(() => workshop.remove());

beforeAll(async () => {
  await Promise.all(
    kinds.map(async ({ abi, profile }) => {
      const name = `${abi}-${profile}`;
      const options = ["-O1", "--runtime", "stub", "--use", "PTMALLOC_CHECK=1"];
      const all = [...options, ...PROFILES[profile]];
      modules.set(name, await workshop.compile(name, source(FROM[abi]), ...all));
    }),
  );
});

describe.each(kinds)("the library in $abi, $profile", ({ abi, profile }) => {
  const name = `${abi}-${profile}`;
  const word = (value: number): number | bigint => (abi === "lp64" ? BigInt(value) : value);
  const start = (base = 0, limit = 0): ProgramExports => {
    const exports = instantiate(modules.get(name)!);
    expect(exports["start"]!(base, limit)).toBe(0);
    return exports;
  };
  const call = (exports: ProgramExports, name: string, ...args: number[]): number =>
    Number(BigInt.asUintN(32, BigInt(exports[name]!(...args.map(word)))));

  it("serves blocks behind the static data, and as far as the memory grows", () => {
    const exports = start();
    const first = call(exports, "malloc", 100);
    expect(first).toBeGreaterThan(exports["staticEnd"]!());
    const blocks = Array.from({ length: 50 }, () => call(exports, "malloc", 1_000_000));
    expect(blocks).not.toContain(0);
    expect(exports.memory.buffer.byteLength).toBeGreaterThan(50_000_000);
    expect(exports["check_heap"]!()).toBe(0);
  });

  it("gives the addresses of the core build under the same options", () => {
    const base = 1 << 20;
    const exports = start(base);
    const { raw } = startProcessSync({
      abi,
      profile,
      base,
      // Where the library begins: one page later than it could, as the host's default does here.
      startBrk: base + 65_536 + 4096,
      layout: "compact",
      tunables: "glibc.malloc.mmap_max=0",
    });
    const core = raw as unknown as ProgramExports;
    const random = new Prng(4);
    const live: number[] = [];
    for (let step = 0; step < 3000; step++) {
      const bytes = random.int(0, step % 50 === 0 ? 300_000 : 900);
      if (random.chance(0.55) || live.length === 0) {
        const block = call(exports, "malloc", bytes);
        expect(call(core, "malloc", bytes)).toBe(block);
        live.push(block);
      } else {
        const at = random.int(0, live.length - 1);
        if (random.chance(0.3) && bytes > 0) {
          const moved = call(exports, "realloc", live[at]!, bytes);
          expect(call(core, "realloc", live[at]!, bytes)).toBe(moved);
          live[at] = moved;
        } else {
          const [block] = live.splice(at, 1) as [number];
          exports["free"]!(word(block));
          core["free"]!(word(block));
        }
      }
    }
    expect(live.map((block) => call(exports, "malloc_usable_size", block))).toEqual(
      live.map((block) => call(core, "malloc_usable_size", block)),
    );
    expect(exports["check_heap"]!()).toBe(0);
  });

  it("stays below its limit", () => {
    const exports = start(1 << 20, 2 << 20);
    expect(call(exports, "malloc", 1 << 20)).toBe(0);
    expect(call(exports, "malloc", 500_000)).toBeLessThan(2 << 20);
  });

  it("refuses a place that makes no sense", () => {
    const exports = instantiate(modules.get(name)!);
    expect(exports["start"]!(3 << 20, 2 << 20)).toBe(-22);
    expect(exports["start"]!(1 << 20, (2 << 20) + 1)).toBe(-22);
  });
});
