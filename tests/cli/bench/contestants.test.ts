// Everybody who can take part in `ptmalloc-wasm bench`, as far as they are here: small traces, what
// is refused, what survives a realloc; and what is said of those who are not.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { layouts, OpKind } from "../../../src/layout/generated.js";
import { contestants } from "../../../src/cli/bench/registry.js";
import { MissingError, type Contestant, type Racer } from "../../../src/cli/bench/contestant.js";
import { driverInstance } from "../../../src/cli/bench/driver.js";
import { labTrace, mixture, withOutcome } from "./lab-trace.js";

const SEED = 20_261_129;

/**
 * What no machine need have: crates, a kernel for programs of 32 bits, and files of a suite of
 * Debian's that is still being made.
 */
const MAY_BE_MISSING = ["talc", "rlsf", "glibc-i386", "mimalloc3"];
/** Nor another C library than its own. */
const isOptional = (name: string): boolean =>
  MAY_BE_MISSING.includes(name) || /^glibc-2.*-/.test(name);

/** A package of the consumer tests: those install what else is needed. */
const CONSUMERS = fileURLToPath(new URL("../../consumers", import.meta.url));

/** Prepares a contestant; where it is missing, skips its tests and says why. */
async function prepared(contestant: Contestant): Promise<Racer | string> {
  const cwd = vi.spyOn(process, "cwd").mockReturnValue(CONSUMERS);
  try {
    return await contestant.prepare();
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    const reason = `${error.message} (${error.how})`;
    const { name } = contestant;
    if (process.env.PTMALLOC_REQUIRE_NATIVE === "1" && !isOptional(name))
      throw new Error(`PTMALLOC_REQUIRE_NATIVE=1, but ${name}: ${reason}`, { cause: error });
    process.stderr.write(`skipped: contestant ${name}: ${reason}\n`);
    return reason;
  } finally {
    cwd.mockRestore();
  }
}

const racers = new Map<string, Racer>();
for (const contestant of contestants) {
  const racer = await prepared(contestant);
  if (typeof racer !== "string") racers.set(contestant.name, racer);
}
afterAll(() => racers.forEach((racer) => racer.close?.()));

describe.each([...racers])("%s", (name, racer) => {
  it(`runs a trace of all kinds again and again (seed ${SEED})`, async () => {
    const lab = labTrace(mixture(SEED));
    const heap = await racer.start(lab);
    for (let pass = 0; pass < 3; pass++) {
      expect(await heap.pass()).toBeGreaterThan(0);
      await heap.drain();
    }
    const { nanoseconds, heldBytes } = await heap.slices(64);
    await heap.drain();
    const slices = Math.ceil(lab.trace.count / 64);
    expect(nanoseconds).toHaveLength(slices);
    expect([slices, undefined]).toContain(heldBytes?.length);
    for (const bytes of heldBytes ?? []) expect(bytes).toBeGreaterThanOrEqual(0);
    expect(heap.refused).toBe(0);
    heap.close();
  });

  it("runs short traces, and frees what was freed by a realloc to no bytes once", async () => {
    for (const lines of [
      ["a 0 0"],
      ["f 0"],
      ["a 0 100", "r 0 0", "a 0 50", "r 0 60", "r 0 0", "f 0"],
    ]) {
      const heap = await racer.start(labTrace(lines));
      expect(await heap.pass()).toBeGreaterThanOrEqual(0);
      await heap.drain();
      expect(await heap.pass()).toBeGreaterThanOrEqual(0);
      await heap.drain();
      expect(heap.refused).toBe(0);
      heap.close();
    }
  });

  it("starts up", async () => {
    const took = await racer.startUp?.();
    if (took !== undefined) expect(took).toBeGreaterThan(0);
  });

  it("says what it is", () => {
    expect(racer.version).not.toBe("");
    if (racer.code !== null) expect(WebAssembly.validate(new Uint8Array(racer.code))).toBe(true);
    const { name: own, about, source } = contestants.find((one) => one.name === name)!;
    expect(own).toMatch(/^[a-z0-9.-]+$/);
    expect(about.length + source.length).toBeGreaterThan(0);
    expect(about).not.toMatch(/\.$|\n/);
  });
});

/** Neither has an allocator that can refuse, or code that is not this heap's own. */
const neverRefuses = (name: string): boolean =>
  /^(nothing-native|empty-call|wasm2js|glibc.*-x86-64)$/.test(name);
/** This heap refuses for itself, AssemblyScript's end, and an engine has other limits. */
const isCounted = (name: string): boolean => {
  const { group, source } = contestants.find((one) => one.name === name)!;
  const isOwn = group === "ours" || group === "engine" || /^nothing(-js)?$/.test(name);
  return !isOwn && source !== "npm assemblyscript";
};

describe("requests that are refused", () => {
  const lines = ["a 0 10", "a 1 4294967295", "r 0 4294967290", "c 2 65536 65536", "f 0"];
  const refusing = [...racers].filter(([name]) => {
    const isWide = /native|jemalloc/.test(name);
    return isCounted(name) && !isWide && !neverRefuses(name);
  });

  it.each([...racers].filter(([name]) => !isCounted(name)))(
    "%s: is not asked for what this heap refuses",
    async (_, racer) => {
      const heap = await racer.start(labTrace(lines));
      await heap.pass();
      await heap.drain();
      expect(heap.refused).toBe(0);
      heap.close();
    },
  );

  it.each(refusing)("%s: are not counted where this heap refuses them, too", async (_, racer) => {
    const lab = labTrace(lines);
    expect(lab.outcome.refusedCount).toBe(3);
    const heap = await racer.start(lab);
    await heap.pass();
    expect(heap.refused).toBe(0);
    // This heap would have served the first.
    const [first, ...others] = [...lab.outcome.refused.keys()].filter(
      (index) => lab.outcome.refused[index] === 1,
    );
    const refused = new Uint8Array(lab.trace.count);
    for (const index of others) refused[index] = 1;
    expect(first).toBe(1);
    const outcome = { ...lab.outcome, refused, refusedCount: others.length };
    const other = await racer.start(withOutcome(lab, outcome));
    await other.pass();
    await other.drain();
    await other.pass();
    expect(other.refused).toBe(2);
    heap.close();
    other.close();
  });

  it("natively, too", async () => {
    const racer = racers.get("glibc-x86-64");
    if (racer === undefined) return;
    const lab = labTrace(["a 0 0xffffffffffffffff", "a 1 8", "f 1"]);
    const counted = { ...lab.outcome, refused: new Uint8Array(3), refusedCount: 0 };
    for (const [outcome, wanted] of [
      [lab.outcome, 0],
      [counted, 1],
    ] as const) {
      const heap = await racer.start(withOutcome(lab, outcome));
      await heap.pass();
      expect(heap.refused).toBe(wanted);
      heap.close();
    }
  });
});

const modules = [...racers].filter(([name, { code }]) => {
  const { group, source } = contestants.find((one) => one.name === name)!;
  return code !== null && group === "wasm" && source !== "npm assemblyscript";
});

describe.each(modules)("the module %s", (_, racer) => {
  it("keeps a block's bytes in a realloc, and clears those of a calloc", () => {
    const driver = driverInstance(new WebAssembly.Module(new Uint8Array(racer.code!)));
    driver._initialize?.();
    const area = driver.area_begin() >>> 0;
    const op = layouts.ilp32.Op.size;
    // Slots are 4 bytes in C, 12 in Rust; both begin with the address.
    const steps: readonly (readonly [OpKind, number, number])[] = [
      [OpKind.MALLOC, 1000, 0],
      [OpKind.REALLOC, 100_000, 0],
      [OpKind.REALLOC, 300, 0],
      [OpKind.REALLOC, 0, 0],
      [OpKind.CALLOC, 30, 10],
    ];
    const words = steps.flatMap(([kind, x, y]) => [8 + kind, x, y]);
    new Uint32Array(driver.memory.buffer, area, words.length).set(words);
    driver.load(steps.length, 2, 0);
    const table = area + Math.ceil((steps.length * op) / 16) * 16;
    const slotBytes = racer.version.startsWith("rustc") ? 12 : 4;
    const block = (bytes: number): Uint8Array => {
      const at = new DataView(driver.memory.buffer).getUint32(table + slotBytes, true);
      return at === 0 ? new Uint8Array(0) : new Uint8Array(driver.memory.buffer, at, bytes);
    };
    driver.replay(0, 1);
    expect([block(1000)[0], block(1000)[999]]).toEqual([1, 1]);
    block(1000).forEach((_value, i, bytes) => (bytes[i] = i % 251));
    const pattern = Array.from({ length: 298 }, (_value, i) => (i + 1) % 251);
    driver.replay(1, 2);
    expect([block(100_000)[0], block(100_000)[99_999]]).toEqual([1, 1]);
    expect([...block(299).subarray(1)]).toEqual(pattern);
    driver.replay(2, 3);
    expect([...block(299).subarray(1)]).toEqual(pattern);
    driver.replay(3, 4);
    expect(block(1)).toHaveLength(0);
    driver.replay(4, 5);
    expect(block(300).every((byte) => byte === 0)).toBe(true);
    driver.drain();
    expect(driver.refusals()).toBe(0);
  });

  it("refuses a trace that has no room", () => {
    const lab = labTrace(["a 0 1"]);
    const trace = { ...lab.trace, count: 23_000_000 };
    const ops = () => ({ length: 12 * trace.count }) as Uint8Array<ArrayBuffer>;
    expect(() => racer.start({ ...lab, trace, ops })).toThrow(
      /^test\.rep: 23000000 operations and \d+ ids need \d+ bytes; .* has room for 268435456$/,
    );
  });
});

describe("where nothing is installed", () => {
  const empty = mkdtempSync(join(tmpdir(), "ptmalloc-nothing-"));
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    vi.resetModules();
  });
  afterAll(() => rmSync(empty, { recursive: true, force: true }));

  it("everybody is ready, or says what is missing and how to get it", async () => {
    vi.stubEnv("PATH", empty);
    vi.stubEnv("CC", "");
    vi.stubEnv("XDG_CACHE_HOME", empty);
    vi.spyOn(process, "cwd").mockReturnValue(empty);
    vi.resetModules();
    // Modules that know nothing of what was found before.
    const fresh = await import("../../../src/cli/bench/registry.js");
    const { MissingError: Missing } = await import("../../../src/cli/bench/contestant.js");
    const missing: string[] = [];
    for (const contestant of fresh.contestants) {
      const { name } = contestant;
      try {
        (await contestant.prepare()).close?.();
      } catch (error) {
        expect(error, name).toBeInstanceOf(Missing);
        const { message, how } = error as MissingError;
        expect(message.length, name).toBeGreaterThan(10);
        expect(how.length, name).toBeGreaterThan(10);
        missing.push(name);
      }
    }
    expect(missing).toEqual(
      expect.arrayContaining(["dlmalloc-emscripten", "dlmalloc-wasi", "dlmalloc-rs", "mimalloc2"]),
    );
    expect(missing).toContain("glibc-x86-64");
    expect(missing).not.toContain("ours-from-js");
  });
});
