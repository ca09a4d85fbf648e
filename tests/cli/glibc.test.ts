/** `--glibc` of the commands that have a heap, and `compare-glibc`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openHeapImageSync } from "../../src/image/open.js";
import { makeProgram } from "../../src/cli/program.js";
import { outlineOf } from "../../src/cli/program-outline.js";
import { run } from "./run.js";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "glibc-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function output(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await run(args, "", env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

async function json<T>(args: readonly string[]): Promise<T> {
  return JSON.parse(await output([...args, "--json"])) as T;
}

interface Told {
  readonly glibc: string | null;
  readonly versions: { readonly glibc: string };
}

describe("--glibc", () => {
  const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: {} };
  const outlines = outlineOf(makeProgram(io));
  const withAbi = outlines.filter(({ options }) => options.some(({ long }) => long === "--abi"));

  it("is an option of every command that has a layout, but of the one that compares", () => {
    const without = withAbi
      .filter(({ options }) => options.every(({ long }) => long !== "--glibc"))
      .map(({ path }) => path);
    expect(without).toEqual(["compare-glibc"]);
  });

  it.each(["maps", "mm", "smaps", "bins", "heap", "check"])(
    "%s names the version",
    async (name) => {
      const told = await json<Told>([name, "--glibc", "2.43"]);
      expect([told.glibc, told.versions.glibc]).toEqual(["2.43", "2.43"]);
      const plain = await json<Told>([name]);
      expect([plain.glibc, plain.versions.glibc]).toEqual(["2.36", "2.36"]);
    },
  );

  it("replay says whose malloc it is, by the name of the build", async () => {
    const args = ["replay", "--repeat", "1", "--no-engine", "git-grep"];
    expect(await output([...args, "--glibc", "2.41"])).toContain("on glibc 2.41's malloc in");
    expect(await output([...args, "--glibc", "2.39"])).toContain("on glibc 2.40's malloc in");
    expect((await json<Told>([...args, "--glibc", "2.33"])).glibc).toBe("2.36");
    expect((await json<Told>([...args, "--profile", "throughput"])).glibc).toBeNull();
  });

  it("places blocks as that version does", async () => {
    const addresses = ["replay", "--addresses", "-", "git-grep"];
    const [old, now] = [await output(addresses), await output([...addresses, "--glibc", "2.43"])];
    expect(old).not.toBe(now);
    expect(await output([...addresses, "--glibc", "2.31"])).toBe(old);
  });

  it("strace replay and the shell have it", async () => {
    expect((await json<Told>(["strace", "replay", "git-grep", "--glibc", "2.41"])).glibc).toBe(
      "2.41",
    );
    const shell = ["shell", "-c", "p = malloc(24)"];
    expect(await output([...shell, "--glibc", "2.43"])).toContain("0x1000010");
    expect(await output(shell)).toContain("0x10001a0");
  });

  it("of a snapshot is what it was made of", async () => {
    const path = join(folder, "snapshot.json");
    await output(["snapshot", "git-grep", "--at", "100", "--glibc", "2.43", "-o", path]);
    expect((await json<Told>(["bins", path])).glibc).toBe("2.43");
    await output(["try_malloc", path, "24"]);
  });

  it("of an image is what it was made of", async () => {
    const path = join(folder, "heap.img");
    const made = openHeapImageSync(path, { glibc: "2.43" });
    made.heap.malloc(24);
    made.close();
    const shown = await output(["image", path]);
    expect(shown).toContain("heap image, ilp32, glibc 2.43, generation");
    expect(shown).toContain("sound");
    expect((await json<Told>(["bins", path])).glibc).toBe("2.43");
    for (const glibc of [undefined, "2.36", "2.41"] as const) {
      const options = glibc === undefined ? {} : { glibc };
      expect(() => openHeapImageSync(path, options)).toThrow(
        /the image is of glibc 2\.43's malloc, the option "glibc" (is not given|says 2\.\d+)/,
      );
    }
  });

  it("of another name is refused with the list, and so is another profile", async () => {
    const wrong = await run(["maps", "--glibc", "2.42"]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("There are 2.31, 2.32,");
    expect(wrong.stderr).toContain('got "2.42"');
    for (const profile of ["throughput", "small"]) {
      const both = await run(["replay", "--profile", profile, "--glibc", "2.41", "git-grep"]);
      expect(both.code).toBe(2);
      expect(both.stderr).toContain(
        `--glibc is for the profile glibc, not for --profile ${profile}`,
      );
    }
  });
});

interface Compared {
  readonly format: string;
  readonly versions: readonly string[];
  readonly traces: readonly {
    readonly name: string;
    readonly ops: number;
    readonly versions: readonly {
      readonly glibc: string;
      readonly peakFootprintBytes: number;
      readonly movedBlocks: number;
      readonly systemCalls: Record<string, number>;
      readonly course: readonly number[];
      readonly warm: object | null;
      readonly parting: null | {
        readonly address: {
          readonly operation: number;
          readonly function: string;
          readonly there: { readonly mem: number; readonly steps: readonly { name: string }[] };
          readonly here: { readonly mem: number; readonly steps: readonly { name: string }[] };
        };
      };
    }[];
  }[];
}

describe("compare-glibc", () => {
  const args = ["compare-glibc", "--no-time", "git-grep"];

  it("tells what each version takes, and where it parts from the first", async () => {
    const told = await json<Compared & Told>([...args, "--versions", "2.36,2.40,2.41,2.43"]);
    expect(told).toMatchObject({
      format: "ptmalloc-wasm compare-glibc 1",
      versions: ["2.36", "2.40", "2.41", "2.43"],
    });
    const [trace] = told.traces;
    const [first, ...others] = trace!.versions;
    expect(first).toMatchObject({ glibc: "2.36", movedBlocks: 0, parting: null, warm: null });
    for (const one of [first!, ...others]) {
      expect(Math.max(...one.course)).toBeLessThanOrEqual(one.peakFootprintBytes);
      expect(one.systemCalls.brk).toBeGreaterThan(0);
      expect(one.movedBlocks === 0).toBe(one.parting === null);
      if (one.parting === null) continue;
      const { there, here } = one.parting.address;
      expect(there.mem).not.toBe(here.mem);
      expect(there.steps.length).toBeGreaterThan(0);
      expect(here.steps.length).toBeGreaterThan(0);
    }
    // calloc takes from tcache since 2.41, and the first block of 2.43 has no tcache in front.
    const [, newer, latest] = others;
    expect(newer!.parting!.address.function).toBe("calloc");
    expect(newer!.parting!.address.here.steps[0]!.name).toBe("TCACHE_TAKE");
    expect(latest!.parting!.address.operation).toBe(0);
  });

  it("has the addresses of replay --addresses", async () => {
    const told = await json<Compared>([...args, "--versions", "2.36,2.41"]);
    const { operation, there, here } = told.traces[0]!.versions[1]!.parting!.address;
    for (const [glibc, { mem }] of [["2.36", there] as const, ["2.41", here] as const]) {
      const log = await output(["replay", "--addresses", "-", "--glibc", glibc, "git-grep"]);
      const line = log.split("\n").find((text) => text.startsWith(`${operation} `))!;
      expect(parseInt(line.split(" ")[1]!, 16)).toBe(mem - 0x1000000);
    }
  });

  it.each([40, 60, 200])("fits %i columns", async (width) => {
    const shown = await output(args, { COLUMNS: String(width) });
    for (const line of shown.split("\n"))
      expect(Array.from(line).length, line).toBeLessThanOrEqual(width);
    for (const title of ["Memory", "System calls", "Over time", "Where they part, and why"])
      expect(shown).toContain(title);
  });

  it("takes times, tunables, several traces and none", async () => {
    const path = join(folder, "none.rep");
    const timed = ["compare-glibc", "--repeat", "1", "--versions", "2.36,2.41"];
    const settings = ["--tunables", "glibc.malloc.tcache_count=0", "--abi", "lp64"];
    const told = await json<Compared>([...timed, ...settings, "git-grep", "git-grep"]);
    expect(told.traces).toHaveLength(2);
    expect(told.traces[0]!.versions[0]!.warm).not.toBeNull();
    const { code, stderr } = await run(["compare-glibc", path]);
    expect(code).toBe(1);
    expect(stderr).toContain("none.rep");
  });

  it("refuses lists of less than two versions, and tunables that one has not", async () => {
    const one = await run([...args, "--versions", "2.31,2.36"]);
    expect(one.stderr).toContain("At least two different ones are needed");
    const other = await run([...args, "--versions", "2.36,2.42"]);
    expect(other.stderr).toContain("There are 2.31");
    const gone = ["--tunables", "glibc.malloc.tcache_unsorted_limit=3"];
    const refused = await run([...args, ...gone, "--versions", "2.43,2.44"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("glibc 2.44");
  });
});
