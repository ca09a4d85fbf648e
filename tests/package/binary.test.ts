import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { NO_FILES } from "../../src/process/file-imports.js";
import type { StructLayout } from "../../src/layout/struct.js";
import { checkBinary } from "../../src/binary/check.js";
import { describeStruct, parseStruct, structsOf } from "../../src/layout/structs.js";
import { DEFAULT_GLIBC, GLIBC_VERSIONS, layouts } from "../../src/layout/generated.js";
import { readModule, Section } from "../../src/link/binary.js";

/** The section that says how many data segments there are (core specification, "Modules"). */
const DATA_COUNT = 12;

const C_NAMES = [
  "malloc",
  "calloc",
  "realloc",
  "reallocarray",
  "free",
  "memalign",
  "aligned_alloc",
  "posix_memalign",
  "valloc",
  "pvalloc",
  "malloc_usable_size",
  "mallopt",
  "malloc_trim",
  "mallinfo",
  "mallinfo2",
  "__errno_location",
  "brk",
  "sbrk",
  "mmap",
  "munmap",
  "mremap",
];

const SETUP = [
  "initialize",
  "attach",
  "thread_exit",
  "thread_data",
  "kernel_bytes",
  "malloc_many",
  "free_many",
  "set_tunable",
  "set_tcache_key",
  "mm_struct",
  "malloc_par",
  "main_arena",
  "tcache",
  "scratch",
];

const REPLAY = ["replay", "replay_touching", "release_all"];

const THREADS = [
  "share",
  "set_patience",
  "set_large_tcache",
  "set_queued_frees",
  "shared_state",
  "thread_died",
  "check_heap",
  "check_address",
];

const CRASH = [...THREADS, "locks_held"];

const CHECKED = [
  ...REPLAY,
  "check_heap",
  "check_address",
  "refuse_growth",
  "growth_requests",
  "verify_calls",
];

const IMAGE = ["page_digest", "image_end", "image_restore", "check_heap", "check_address"];

const FULL = [
  "syscall",
  "trace_syscalls",
  "tell_steps",
  "first_vma",
  "next_vma",
  "find_vma",
  "touch",
  "fetch",
  "is_resident",
  "page_marks",
  "set_kernel_option",
  "check_kernel",
  "open_file",
  "check_heap",
  "check_address",
];

/** What glibc 2.43 and later have of C23. */
const C23 = ["free_sized", "free_aligned_sized"];

const GLIBCS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  checked: CHECKED,
  replay: REPLAY,
  full: FULL,
  image: IMAGE,
  threads: THREADS,
};

/** Builds of other versions of glibc than the default. */
const OTHERS = GLIBC_VERSIONS.filter((glibc) => glibc !== DEFAULT_GLIBC).flatMap((glibc) =>
  Object.entries(GLIBCS).map(
    ([build, names]) => [`${build}-${glibc}`, glibc < "2.43" ? names : [...names, ...C23]] as const,
  ),
);

const isOther = (build: string) => /-2\.\d+$/.test(build);

const ADDED: Readonly<Record<string, readonly string[]>> = {
  ...GLIBCS,
  ...Object.fromEntries(OTHERS),
  // Not in the package: they tell tests of each store.
  crash: CRASH,
  "crash-throughput": CRASH,
  "core-throughput": [],
  "checked-throughput": CHECKED,
  "replay-throughput": REPLAY,
  "image-throughput": IMAGE,
  "full-throughput": FULL,
  "threads-throughput": THREADS,
  "core-small": [],
  "checked-small": CHECKED,
  "replay-small": REPLAY,
  "image-small": IMAGE,
};

/** What is imported besides the memory and host.fail. */
const OF_FULL = ["trace", "step", ...Object.keys(NO_FILES)].map((name) => `host.${name} function`);
const IMPORTED: Readonly<Record<string, readonly string[]>> = {
  full: OF_FULL,
  "full-throughput": OF_FULL,
  ...Object.fromEntries(OTHERS.map(([name]) => [name, name.startsWith("full") ? OF_FULL : []])),
  crash: ["env.crash_point function"],
  "crash-throughput": ["env.crash_point function"],
};

/** The most bytes that a build may have. */
const BUDGETS: Readonly<Record<string, number>> = {
  core: 24 * 1024,
  "core-small": 20 * 1024,
  // Later versions that still have fast bins are 2.36's, and more.
  "core-2.40": 25 * 1024,
  "core-2.41": 25 * 1024,
  "core-2.43": 24 * 1024,
  "core-2.44": 24 * 1024,
  threads: 48 * 1024,
  "threads-throughput": 48 * 1024,
};

for (const build of Object.keys(ADDED)) {
  for (const abi of ["ilp32", "lp64"] as const) {
    describe(`build/${build}.${abi}.wasm`, () => {
      const bytes = readFileSync(new URL(`../../build/${build}.${abi}.wasm`, import.meta.url));
      const module = new WebAssembly.Module(bytes);
      const ids = readModule(bytes).sections.map(({ id }) => id);

      it("has no data segment, no start function, no memory of its own", () => {
        expect(ids).not.toContain(Section.DATA);
        expect(ids).not.toContain(DATA_COUNT);
        expect(ids).not.toContain(Section.START);
        expect(ids).not.toContain(Section.MEMORY);
      });

      it("imports the memory and host.fail, some builds what they say here, nothing else", () => {
        const imports = WebAssembly.Module.imports(module);
        const expected = ["env.memory memory", "host.fail function", ...(IMPORTED[build] ?? [])];
        expect(imports.map(({ module, name, kind }) => `${module}.${name} ${kind}`).sort()).toEqual(
          expected.sort(),
        );
      });

      it("exports the C names, and what sets a process up", () => {
        const names = WebAssembly.Module.exports(module)
          .filter(({ kind }) => kind === "function")
          .map(({ name }) => name);
        const expected = [...C_NAMES, ...SETUP, ...(ADDED[build] ?? [])];
        expect(names.sort()).toEqual(expected.sort());
      });

      it("exports an instance's variables, numbered, where checkpoints are taken", () => {
        const names = WebAssembly.Module.exports(module)
          .filter(({ kind }) => kind === "global")
          .map(({ name }) => name);
        expect(names).toEqual(Array.from(names, (_, i) => `state${i}`));
        expect(names.length > 10).toBe(build.startsWith("full"));
        if (!build.startsWith("full")) expect(names).toEqual([]);
      });

      it("carries the struct layouts and no other custom section", () => {
        const names = readModule(bytes).sections.flatMap(({ name }) =>
          name === undefined ? [] : [name],
        );
        const own = build.startsWith("crash") ? ["crash"] : isOther(build) ? ["glibc"] : [];
        expect(names.sort()).toEqual([...own, "layout"]);
        expect(() => checkBinary(module, abi)).not.toThrow();
      });

      it("tells its struct layouts as the compiler had them", () => {
        const expected: Readonly<Record<string, unknown>> = layouts[abi];
        const structs = Object.entries<StructLayout>({ ...structsOf(module, abi) });
        expect(structs.length).toBeGreaterThan(7);
        for (const [name, struct] of structs) {
          // Of another glibc only the binary itself says how structs are.
          if (!isOther(build)) expect(struct).toEqual(expected[name]);
          expect(parseStruct(describeStruct(name, struct))).toEqual([name, struct]);
        }
      });

      const budget = BUDGETS[build];
      if (budget !== undefined)
        it(`is at most ${budget / 1024} KiB`, () => {
          expect(bytes.byteLength).toBeLessThanOrEqual(budget);
        });
    });
  }
}

it("src/layout/generated.ts has the structs of the binaries and no others", () => {
  for (const abi of ["ilp32", "lp64"] as const) {
    const names = Object.keys(ADDED).flatMap((build) => {
      const bytes = readFileSync(new URL(`../../build/${build}.${abi}.wasm`, import.meta.url));
      const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(bytes), "layout");
      return new TextDecoder()
        .decode(section)
        .split("\n")
        .map((line) => line.split(" ", 1)[0]);
    });
    expect([...new Set(names)].sort()).toEqual(Object.keys(layouts[abi]).sort());
  }
});
