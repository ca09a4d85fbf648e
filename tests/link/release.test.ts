import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { createHeapSync } from "../../src/heap/create.js";
import { heapOptionsFor, linkGuestSync, readGuest } from "../../src/link.js";
import { run } from "../cli/run.js";
import { asc } from "../support/asc.js";
import { describeToolchain, environment } from "./toolchains.js";

// Release builds of real compilers, without names: those with a malloc of their own are refused by
// linkGuest and by `ptmalloc-wasm link`, those with this project's are taken.

const root = fileURLToPath(new URL("../../", import.meta.url));
const guests = join(root, "guest");
const folder = mkdtempSync(join(tmpdir(), "ptmalloc-release-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WORK_C = `#include <stdlib.h>
#include <string.h>
__attribute__ ((export_name ("work"))) char *
work (int n)
{
  char *p = malloc (n);
  if (p != NULL)
    memset (p, 0x55, n);
  return p;
}
int main (void) { return work (100) == NULL; }
`;
const WORK_RS = `#[no_mangle]
pub extern "C" fn work(n: usize) -> *const u8 {
    Box::leak(vec![0x55u8; n].into_boxed_slice()).as_ptr()
}
`;
const RUST_HEAP = `mod ptmalloc;
#[global_allocator]
static HEAP: ptmalloc::Ptmalloc = ptmalloc::Ptmalloc;
`;
const WORK_AS =
  "export function work(n: i32): StaticArray<u8> { return new StaticArray<u8>(n).fill(0x55); }\n";

const SHIM = join(guests, "ptmalloc.c");
const SOURCES: Readonly<Record<string, string>> = {
  "work.c": WORK_C,
  "work.rs": WORK_RS,
  "heap.rs": RUST_HEAP + WORK_RS,
  "main.rs": 'fn main() { println!("hello {}", vec![1, 2, 3].len()); }\n',
  "heap-main.rs": `${RUST_HEAP}fn main() { println!("hello {}", vec![1, 2, 3].len()); }\n`,
  "work.ts": WORK_AS,
};
for (const [name, text] of Object.entries(SOURCES)) writeFileSync(join(folder, name), text);
copyFileSync(join(guests, "ptmalloc.rs"), join(folder, "ptmalloc.rs"));

/** Runs a compiler. @returns what it wrote to `output` */
function compile(output: string, command: string, ...args: string[]): Uint8Array<ArrayBuffer> {
  const { status, stderr, error } = spawnSync(command, args, {
    cwd: folder,
    env: environment,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return new Uint8Array(readFileSync(join(folder, output)));
}

/** Removes what tools remove: a name section, and nothing else. */
function stripped(bytes: Uint8Array<ArrayBuffer>, name: string): Uint8Array<ArrayBuffer> {
  writeFileSync(join(folder, name), bytes);
  const opt = join(root, "node_modules", "binaryen", "bin", "wasm-opt");
  return compile(name, process.execPath, opt, name, "-all", "-O2", "--strip-debug", "-o", name);
}

const REFUSED = /the guest (brings|may have) an allocator of its own \(/;

async function expectRefused(bytes: Uint8Array<ArrayBuffer>, evidence: RegExp): Promise<void> {
  expect(readGuest(bytes).ownAllocator?.evidence).toMatch(evidence);
  const heap = createHeapSync(heapOptionsFor(bytes));
  const imports = new Proxy({}, { get: () => new Proxy({}, { get: () => () => 0 }) });
  expect(() => linkGuestSync(bytes, heap, { imports })).toThrow(REFUSED);
  writeFileSync(join(folder, "refused.wasm"), bytes);
  const { code, stderr } = await run([
    "link",
    join(folder, "refused.wasm"),
    "-o",
    join(folder, "no"),
  ]);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(REFUSED);
}

/** Links a guest, and has it and the heap allocate in turns. */
function expectShared(bytes: Uint8Array<ArrayBuffer>, imports: WebAssembly.Imports = {}): void {
  expect(readGuest(bytes).ownAllocator).toBeUndefined();
  const heap = createHeapSync({ ...heapOptionsFor(bytes), build: "checked" });
  const { exports } = linkGuestSync(bytes, heap, { imports });
  const { work, _initialize } = exports as Record<string, (n?: number) => number>;
  _initialize?.();
  for (const size of [100, 3000, 500_000, 100]) {
    const block = work!(size);
    expect(heap.u8(block, size).every((byte) => byte === 0x55)).toBe(true);
    expect(heap.malloc(size)).toBeGreaterThan(0);
  }
  expect((heap.process.raw as unknown as { check_heap(): number }).check_heap()).toBe(0);
}

const WASI = ["--target=wasm32-wasi", "-mexec-model=reactor", "-O2"];
const STRIP = "-Wl,--export=__heap_base,--strip-all";

describeToolchain("clang's release builds", "clang", () => {
  const build = (name: string, ...more: string[]) =>
    compile(name, "clang", ...WASI, "work.c", STRIP, "-o", name, ...more);

  it("with wasi-libc's malloc are refused", async () => {
    const bytes = build("stock.wasm");
    const { ownAllocator, end } = readGuest(bytes);
    expect(ownAllocator).toMatchObject({ isCertain: true, canHaveArea: false });
    expect(end % 65536).toBe(0);
    await expectRefused(bytes, /^its code has memory\.grow/);
    await expectRefused(stripped(bytes, "stock-opt.wasm"), /^its code has memory\.grow/);
    await expectRefused(build("all.wasm", "-Wl,--export=malloc,--export=free"), /memory\.grow/);
  }, 120_000);

  it("with guest/ptmalloc.c are taken", () => {
    const bytes = build("shim.wasm", SHIM);
    expect(readGuest(bytes).end % 65536).not.toBe(0);
    expectShared(bytes);
    expectShared(stripped(bytes, "shim-opt.wasm"));
  }, 120_000);

  it("with a pool of their own behind guest/ptmalloc.c get an area for it", () => {
    const pool = `#include <stddef.h>
      extern char __heap_base;
      static char *next = &__heap_base;
      __attribute__ ((export_name ("pool"))) char *pool (size_t n) { return (next += n) - n; }`;
    writeFileSync(join(folder, "pool.c"), pool);
    const bytes = build("pool.wasm", SHIM, "pool.c", "-Wl,--initial-memory=1048576");
    expect(readGuest(bytes).end).toBe(2 ** 20);
    expectShared(bytes);
    const other = `extern char __heap_base;
      __attribute__ ((export_name ("pool"))) char *pool (void) { return &__heap_base + 64; }`;
    writeFileSync(join(folder, "other.c"), other);
    expect(readGuest(build("other.wasm", SHIM, "other.c")).end % 65536).toBe(0);
  }, 60_000);

  it("guest/ptmalloc.c compiles as C++, without a word", () => {
    const objects = [1, 3].map((level) =>
      compile(
        `shim${level}.o`,
        "clang++",
        ...["-x", "c++", "--target=wasm32-wasi", `-O${level}`, "-Wall", "-Wextra", "-Werror"],
        ...["-c", SHIM, "-o", `shim${level}.o`],
      ),
    );
    expect(objects.every(({ length }) => length > 0)).toBe(true);
    expectShared(build("cxx.wasm", "shim3.o"));
  }, 60_000);
});

describeToolchain("Emscripten's builds", "emcc", () => {
  const build = (name: string, ...args: string[]) =>
    compile(
      `${name}.wasm`,
      "emcc",
      "work.c",
      "-Wl,--export=__heap_base",
      "-o",
      `${name}.js`,
      ...args,
    );

  it.each(["-O2", "-Oz"])(
    "with its own malloc are refused at %s",
    async (level) => {
      const bytes = build("own", level, "-sALLOW_MEMORY_GROWTH");
      await expectRefused(bytes, /emscripten_resize_heap|memory\.size/);
    },
    180_000,
  );

  it("with emmalloc, too", async () => {
    await expectRefused(
      build("emmalloc", "-O2", "-sMALLOC=emmalloc", "-sALLOW_MEMORY_GROWTH"),
      /emscripten_resize|emmalloc/,
    );
  }, 180_000);

  it.each(["-O0", "-O2"])(
    "with guest/ptmalloc.c are taken at %s",
    (level) => {
      const bytes = build(
        "shim",
        level,
        SHIM,
        "-sMALLOC=none",
        "-sEXPORTED_FUNCTIONS=_main,_malloc,_free",
      );
      expect(readGuest(bytes)).toMatchObject({
        ownAllocator: undefined,
        imports: ["malloc", "free", "__errno_location"],
      });
      // The memory cannot grow: the heap has to begin where data and stack end.
      expect(() => createHeapSync(heapOptionsFor(bytes))).not.toThrow();
    },
    180_000,
  );
});

describeToolchain("Rust's release builds", "rust", () => {
  const target = ["--edition", "2021", "--target", "wasm32-unknown-unknown"];
  const build = (source: string, name: string) =>
    compile(
      name,
      "rustc",
      ...target,
      ...["--crate-type", "cdylib", "-O", "-C", "strip=symbols"],
      ...["-C", "link-arg=--export=__heap_base", source, "-o", name],
    );

  it("with its own allocator are refused, or have an area of their own", async () => {
    const bytes = build("work.rs", "rust.wasm");
    expect(readGuest(bytes).ownAllocator).toMatchObject({ canHaveArea: true });
    await expectRefused(bytes, /^its code has memory\.grow/);
    const heap = createHeapSync({ ...heapOptionsFor(bytes), build: "checked" });
    const { exports } = linkGuestSync(bytes, heap, { ownAllocator: "areas" });
    const blocks: number[] = [];
    const { work } = exports as Record<string, (n: number) => number>;
    for (const size of [100, 3000, 500_000, 100, 70_000]) {
      blocks.push(work!(size));
      heap.u8(heap.calloc(1, size), size).fill(0xaa);
    }
    expect(blocks.every((at) => heap.u8(at, 100).every((byte) => byte === 0x55))).toBe(true);
    expect((heap.process.raw as unknown as { check_heap(): number }).check_heap()).toBe(0);
  }, 60_000);

  it("with guest/ptmalloc.rs are taken", () => {
    expectShared(build("heap.rs", "rust-heap.wasm"));
  }, 60_000);
});

describeToolchain("Rust's programs for WASI", "rustwasi", () => {
  const build = (source: string, name: string, ...more: string[]) =>
    compile(
      name,
      "rustc",
      ...["--edition", "2021", "--target", "wasm32-wasi", ...more],
      ...["-C", "link-arg=--export=__heap_base", source, "-o", name],
    );

  it.each([["-O"], ["-O", "-C", "strip=symbols"], ["-C", "opt-level=0"]])(
    "with guest/ptmalloc.rs have no other malloc: %s %s",
    (...options) => {
      const info = readGuest(build("heap-main.rs", "wasi-heap.wasm", ...options));
      expect(info.ownAllocator).toBeUndefined();
      expect(info.imports).toEqual(expect.arrayContaining(["malloc", "free", "realloc"]));
    },
    60_000,
  );

  it("with their own are refused", async () => {
    await expectRefused(build("main.rs", "wasi.wasm", "-O"), /dlmalloc/);
    const bytes = build("main.rs", "wasi-strip.wasm", "-O", "-C", "strip=symbols");
    await expectRefused(bytes, /^its code has memory\.grow/);
  }, 60_000);
});

describe("AssemblyScript's builds", () => {
  const build = async (runtime: string) => {
    await asc(folder, "work.ts", "--runtime", runtime, "-O3", "--outFile", "as.wasm");
    return new Uint8Array(readFileSync(join(folder, "as.wasm")));
  };

  it.each(["incremental", "stub"])(
    "with the runtime %s are refused",
    async (runtime) => {
      await expectRefused(await build(runtime), /^its code has memory\.grow/);
    },
    120_000,
  );

  it("with guest/ptmalloc.ts are taken", async () => {
    copyFileSync(join(guests, "ptmalloc.ts"), join(folder, "ptmalloc.ts"));
    const env = { abort: () => expect.unreachable() };
    expectShared(await build("./ptmalloc"), { env });
  }, 120_000);
});
