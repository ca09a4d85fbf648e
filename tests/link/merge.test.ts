import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import binaryen from "binaryen";
import { afterAll, describe, expect, it } from "vitest";
import { HeapAbort } from "../../src/process/failures.js";
import { mergedFailure } from "../../src/link.js";
import { run } from "../cli/run.js";
import { assemble, IMPORTS } from "./wat.js";

type Functions = Record<string, (...args: number[]) => number>;

const folder = mkdtempSync(join(tmpdir(), "ptmalloc-merge-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const out = join(folder, "out.wasm");

/** Merges; without optimising, which takes most of the time, unless a test is about that. */
async function link(guest: Uint8Array, ...options: string[]) {
  const file = join(folder, "guest.wasm");
  writeFileSync(file, guest);
  return run(["link", file, "-o", out, "-O", "0", ...options]);
}

/** Merges a guest, and instantiates the result. */
async function merged(guest: Uint8Array, options: string[] = [], imports = {}) {
  const { code, stderr } = await link(guest, ...options);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const bytes = new Uint8Array(readFileSync(out));
  const module = new WebAssembly.Module(bytes);
  const { exports } = new WebAssembly.Instance(module, imports);
  return { bytes, module, exports, call: exports as unknown as Functions };
}

const CALLS = `(func (export "make") (param i32) (result i32) (call $malloc (local.get 0)))
  (func (export "drop") (param i32) (call $free (local.get 0)))`;
const GUEST = `(module ${IMPORTS} (memory (export "memory") 1)
  (global (export "__heap_base") i32 (i32.const 5000)) (data (i32.const 1024) "data") ${CALLS})`;

describe("ptmalloc-wasm link", () => {
  it("makes a module that needs nothing", async () => {
    const { module, exports, call } = await merged(assemble(GUEST));
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    expect(Object.keys(exports).sort()).toEqual([
      "__heap_base",
      "drop",
      "make",
      "memory",
      "ptmalloc_failure",
      "ptmalloc_failure_address",
    ]);
    const block = call.make!(100);
    // The heap's base, its own data, and where glibc's first block lies in i386.
    expect(block).toBe(8192 + 65536 + 0x1a0);
    call.drop!(block);
    expect(call.make!(100)).toBe(block);
    const memory = exports.memory as WebAssembly.Memory;
    expect(new TextDecoder().decode(new Uint8Array(memory.buffer, 1024, 4))).toBe("data");
  });

  it("says what it did", async () => {
    const { stdout } = await link(assemble(GUEST));
    expect(stdout.replace(folder, "").replace(/: .* KiB/, ": N KiB")).toBe(`/out.wasm: N KiB
  linked        malloc, free
  heap          0x2000, [heap] from 0x12000, limit 0xffff0000
  imports left  none
  exports       ptmalloc_failure, ptmalloc_failure_address, memory, __heap_base, make, drop
`);
  });

  it("starts the heap before the guest's own start function", async () => {
    const { call } = await merged(
      assemble(`(module ${IMPORTS} (memory (export "memory") 1) (global $first (mut i32) (i32.const 0))
        (func $start (global.set $first (call $malloc (i32.const 10)))) (start $start)
        (func (export "first") (result i32) (global.get $first)))`),
    );
    expect(call.first!()).toBe(65536 + 65536 + 4096 + 0x1a0);
  });

  it("leaves an imported memory to the host, and its zeroes unbelieved", async () => {
    const text = `(module ${IMPORTS} (import "ptmalloc" "calloc" (func $calloc (param i32 i32) (result i32)))
      (import "env" "memory" (memory 1)) ${CALLS}
      (func (export "clear") (param i32) (result i32) (call $calloc (i32.const 1) (local.get 0))))`;
    const run = async (...options: string[]) => {
      const memory = new WebAssembly.Memory({ initial: 40 });
      new Uint8Array(memory.buffer, 65536).fill(0xee);
      const { call } = await merged(assemble(text), options, { env: { memory } });
      const block = call.clear!(1000);
      return new Uint8Array(memory.buffer, block, 1000).every((byte) => byte === 0);
    };
    expect(await run()).toBe(true);
    // That is a false statement here, and shows what the option does.
    expect(await run("--fresh")).toBe(false);
  });

  it("keeps the guest's imports and exports, also those that are named like the heap's", async () => {
    const text = `(module (import "env" "malloc" (func $malloc (param i32) (result i32)))
      (import "env" "free" (func $free (param i32))) (import "env" "log" (func $log (param i32)))
      (memory (export "mem") 1) (table (export "memory") 1 funcref)
      (func (export "malloc") (param i32) (result i32) (call $log (local.get 0)) (call $malloc (local.get 0)))
      (func (export "initialize") (param i32) (call $free (local.get 0))))`;
    const log: number[] = [];
    const imports = { env: { log: (size: number) => log.push(size) } };
    const { module, call, exports } = await merged(assemble(text), [], imports);
    expect(WebAssembly.Module.imports(module).map(({ name }) => name)).toEqual(["log"]);
    call.initialize!(call.malloc!(33));
    expect(log).toEqual([33]);
    expect(exports.mem).toBeInstanceOf(WebAssembly.Memory);
  });

  it("exports functions of the heap on request", async () => {
    const { call, exports } = await merged(assemble(GUEST), ["--keep-exports", "malloc,mallinfo2"]);
    const out = call.malloc!(64);
    call.mallinfo2!(out);
    const words = new Uint32Array((exports.memory as WebAssembly.Memory).buffer, out, 10);
    expect(words[0]).toBe(132 * 1024 + 4096 - (8192 % 4096));
    expect(exports.free).toBeUndefined();
  });

  it("says why the heap gave up", async () => {
    const { call, exports } = await merged(assemble(GUEST));
    const block = call.make!(24);
    call.drop!(block);
    expect(mergedFailure(exports)).toBeUndefined();
    expect(() => call.drop!(block)).toThrow(WebAssembly.RuntimeError);
    const failure = mergedFailure(exports);
    expect(failure).toBeInstanceOf(HeapAbort);
    expect((failure as HeapAbort).abortMessage).toBe("free(): double free detected in tcache 2");
    // The chunk, or the list's entry that was found.
    expect(Math.abs((failure as HeapAbort).address - block)).toBeLessThanOrEqual(8);
  });

  it("can leave that to the host", async () => {
    const fail = (code: number, address: number): never => {
      throw new HeapAbort(code, address);
    };
    const { call } = await merged(assemble(GUEST), ["--fail", "import"], { host: { fail } });
    const block = call.make!(24);
    call.drop!(block);
    expect(() => call.drop!(block)).toThrow("free(): double free detected in tcache 2");
  });

  it("sets tunables, the limit and the base", async () => {
    const { call, exports } = await merged(assemble(GUEST), [
      ...["--tunables", "glibc.malloc.tcache_count=0:glibc.malloc.perturb=85:glibc.malloc.nope=1"],
      "--lenient-tunables",
      ...["--base", "0x10000", "--max-memory", "1M"],
    ]);
    const block = call.make!(40);
    expect(block).toBe(0x10000 + 65536 + 4096 + 0x1a0);
    const memory = exports.memory as WebAssembly.Memory;
    expect(new Uint8Array(memory.buffer)[block]).toBe(85 ^ 0xff);
    call.drop!(block);
    // In tcache the key would be in the second word: a fast chunk has but a link, in the first.
    expect(new Uint32Array(memory.buffer, block, 2)[1]).toBe(0x55555555);
    expect(call.make!(2 ** 20)).toBe(0);
    expect(() => memory.grow(16)).toThrow(RangeError);
  });

  it("optimises: small wrappers of the guest's are gone, and calls of malloc and free are direct", async () => {
    const wrappers = `(func $wrapped (param i32) (result i32) (call $malloc (local.get 0)))
      (func (export "twice") (param i32) (result i32)
        (drop (call $wrapped (local.get 0))) (call $wrapped (local.get 0)))`;
    const guest = assemble(GUEST.replace(CALLS, CALLS + wrappers), true);
    const { bytes, call } = await merged(guest, ["-O", "3", "-g"]);
    expect(call.twice!(24)).toBe(8192 + 65536 + 0x1a0 + 32);
    const module = binaryen.readBinary(bytes);
    const text = module.emitText();
    module.dispose();
    const code = (name: string): string => {
      const [, inner = ""] = new RegExp(`\\(export "${name}" \\(func \\$([^)]*)\\)\\)`).exec(text)!;
      const body = text.slice(text.indexOf(`(func $${inner} `));
      return body.slice(0, body.indexOf("\n )\n"));
    };
    expect(text).not.toContain("(import");
    expect(text).not.toContain("$wrapped ");
    for (const name of ["make", "drop", "twice"]) {
      // A call by name, or the short way itself; never through a table or an import.
      expect(code(name)).not.toContain("call_indirect");
      expect(code(name)).toMatch(/\(call \$|i32\.load16_u/);
    }
    // free's short way stands where free is called.
    expect(code("drop")).toContain("i32.load16_u");
    const { bytes: large } = await merged(guest, ["-g"]);
    expect(bytes.length).toBeLessThan(large.length);
  });
});

describe("ptmalloc-wasm link refuses", () => {
  const refused = async (guest: Uint8Array, ...options: string[]): Promise<string> => {
    const { code, stderr } = await link(guest, ...options);
    // 2 for what is wrong with the command line itself.
    expect([1, 2]).toContain(code);
    return stderr.replaceAll(folder, "");
  };

  it("what cannot be linked", async () => {
    expect(await refused(assemble("(module (memory 1))"))).toBe(
      "ptmalloc-wasm: /guest.wasm: it imports none of the heap's functions (malloc, free, …, from ptmalloc or env), " +
        "so there is nothing to link: compile guest/ptmalloc.c into it, or see docs/guests.md " +
        "for other languages (emcc -O3, -Os and -Oz take the names of imports away: link with -O2)\n",
    );
    expect(await refused(assemble(`(module ${IMPORTS})`))).toContain("it has no memory");
    expect(await refused(assemble(`(module ${IMPORTS} (memory 1 2 shared))`))).toContain(
      "it has a shared memory; a merged heap is for one thread: use linkGuest",
    );
    const own = assemble(`(module ${IMPORTS} (memory 1) (func $dlfree (param i32)))`, true);
    expect(await refused(own)).toContain('(it has a function "dlfree")');
    const grown = GUEST.replace(
      CALLS,
      `${CALLS} (func (export "g") (result i32)
      (memory.grow (memory.size)))`,
    );
    expect(await refused(assemble(grown))).toMatch(
      /brings an allocator of its own \(its code has memory\.grow, and memory\.size\): .*--own-allocator: "none"/,
    );
    expect(await refused(assemble(grown), "--own-allocator", "areas")).toContain(
      '--own-allocator cannot be "areas": its code has memory.grow, and memory.size',
    );
    expect((await link(assemble(grown), "--own-allocator", "none")).code).toBe(0);
    expect(await refused(new TextEncoder().encode("#!/bin/sh"))).toContain("no WebAssembly module");
    const { stderr } = await run(["link", join(folder, "none.wasm"), "-o", out]);
    expect(stderr.replaceAll(folder, "")).toBe(
      "ptmalloc-wasm: /none.wasm: no such file or directory\n",
    );
  });

  it("a heap in memory that the guest may use", async () => {
    const pool = GUEST.replace(
      CALLS,
      `${CALLS} (func (export "pool") (result i32) (i32.const 5000))`,
    );
    expect(await refused(assemble(pool), "--base", "0x2000")).toContain(
      "/guest.wasm may use the memory that it begins with, up to 0x10000",
    );
    const { call } = await merged(assemble(pool));
    expect(call.make!(10)).toBeGreaterThan(65536);
    const grows = `(module (import "env" "free" (func (param i32))) (memory 2)
      (func (export "g") (result i32) (memory.grow (i32.const 1))))`;
    const { stdout, stderr } = await link(assemble(grows), "--own-allocator", "areas");
    expect(stderr).toBe("");
    expect(stdout).toContain("heap          0x20000,");
  });

  it("wrong options, by name", async () => {
    const guest = assemble(GUEST);
    expect(await refused(guest, "--abi", "lp64")).toContain(
      "A wasm32 guest's pointers have 32 bits, lp64's size_t has 64: only ilp32 can be linked.",
    );
    expect(await refused(guest, "--base", "4096")).toBe(
      "ptmalloc-wasm: --base 0x1000: /guest.wasm has data or stack up to 0x1388\n",
    );
    expect(await refused(guest, "--base", "5000")).toContain("A multiple of 4096 is needed.");
    expect(await refused(guest, "--max-memory", "100000")).toContain("A multiple of 64K");
    expect(await refused(guest, "--max-memory", "64K")).toContain("no heap can begin at 0x2000");
    expect(await refused(guest, "--tunables", "glibc.malloc.tcache=1")).toContain(
      'glibc 2.36 has no tunable "glibc.malloc.tcache"',
    );
    expect(await refused(guest, "--keep-exports", "malloc,frob")).toContain(
      '--keep-exports: the heap has no "frob"; it has malloc,',
    );
    expect(await refused(guest, "--features", "frobs")).toContain("wasm-merge failed");
    const { stderr } = await run([
      "link",
      join(folder, "guest.wasm"),
      "-o",
      join(folder, "no", "x"),
      ...["-O", "0"],
    ]);
    expect(stderr).toContain("no such file or directory");
  });
});
