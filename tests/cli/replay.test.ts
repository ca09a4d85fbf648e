import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "./run.js";

const TRACES = fileURLToPath(new URL("../../traces/", import.meta.url));
const GOLDEN = fileURLToPath(new URL("../golden/", import.meta.url));
const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const SYN02 = join(TRACES, "syn02.rep.gz");
const SYN13 = join(TRACES, "syn13.rep.gz");
const SMALL = "0\n4\n6\n1\na 0 24\nc 1 3 100\nm 2 64 200000\nr 0 5000\na 3 99999999999999\nf 1\n";
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "replay-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function goldenLog(path: string): string {
  return gunzipSync(readFileSync(join(GOLDEN, path))).toString("latin1");
}

describe("--addresses", () => {
  it.each(["ilp32", "lp64"])("- prints the golden log and nothing else, %s", async (abi) => {
    const { code, stdout, stderr } = await run(["replay", SYN13, "--abi", abi, "--addresses", "-"]);
    expect(stdout).toBe(goldenLog(`${abi}/syn13.addr.gz`));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("writes a file, under tunables, besides the report", async () => {
    const out = join(folder, "syn00.addr");
    const settings = "glibc.malloc.tcache_count=0:glibc.malloc.perturb=256";
    const args = ["--lenient-tunables", "--tunables", settings, "--repeat", "1", "--no-engine"];
    const trace = join(TRACES, "syn00.rep.gz");
    const { stdout } = await run(["replay", "--addresses", out, ...args, trace]);
    expect(readFileSync(out, "latin1")).toBe(goldenLog("ilp32/syn00@tcache0.addr.gz"));
    expect(stdout).toContain(`7,028 addresses written to ${out}`);
    expect(stdout).toContain(`tunables ${settings}`);
  });

  it("reads standard input", async () => {
    const { stdout } = await run(["replay", "--addresses", "-", "-"], SMALL);
    // As native glibc prints it.
    expect(stdout).toBe(
      "0 1a0\n1 1c0\n2 mmap 040 200640\n3 2f0\n4 null\n" +
        "info 5 arena=139264 ordblks=1 smblks=0 hblks=1 hblkhd=200704 usmblks=0 fsmblks=0" +
        " uordblks=5752 fordblks=133512 keepcost=133512 brk=22000\n",
    );
  });

  it("of a trace without operations is empty", async () => {
    expect(await run(["replay", "--addresses", "-", "-"], "0\n0\n0\n1\n")).toMatchObject({
      code: 0,
      stdout: "",
    });
  });
});

describe("--json", () => {
  it("has every measurement, in plain units", async () => {
    const { code, stdout } = await run(["replay", "--json", "--repeat", "2", SYN02, SYN13]);
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as Record<string, unknown> & { traces: unknown[] };
    expect(report).toMatchObject({
      format: "ptmalloc-wasm replay 1",
      node: process.version,
      abi: "ilp32",
      layout: "linux",
      tunables: "",
      repeat: 2,
      summary: { traces: 2 },
    });
    const times = {
      medianNanoseconds: expect.any(Number) as number,
      bestNanoseconds: expect.any(Number) as number,
      worstNanoseconds: expect.any(Number) as number,
      samplesNanoseconds: [expect.any(Number), expect.any(Number)] as number[],
    };
    expect(report.traces[0]).toMatchObject({
      name: "syn02",
      file: SYN02,
      ops: 6573,
      brkBytes: 0x794000,
      mappedBytes: 0,
      mallinfo2: { arena: 7946240, ordblks: 139, uordblks: 114520, keepcost: 132968 },
      wasm: { warm: times, cold: times },
      engine: { ...times, failed: 0, gcShare: expect.any(Number) as number },
      engines: {
        uint8array: { ...times, kind: "uint8array" },
        object: { ...times, kind: "object" },
        pool: { ...times, kind: "pool", failed: 0 },
      },
      verdict: { kind: "none", reason: "2 samples, and 5 are the least (--repeat)" },
    });
    expect(report).toMatchObject({
      date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      versions: { glibc: "2.36", node: process.versions.node },
      machine: { cores: expect.any(Number) as number },
      neighbours: { isBusy: expect.any(Boolean) as boolean },
    });
  });

  it("has only those of JavaScript's ways that were asked for", async () => {
    const args = ["replay", "--json", "--repeat", "1", "--engine", "pool,object", "-"];
    const { stdout } = await run(args, SMALL);
    const { traces } = JSON.parse(stdout) as { traces: { engines: object }[] };
    expect(Object.keys(traces[0]!.engines)).toEqual(["object", "pool"]);
    const wrong = await run(["replay", "--engine", "pool,v8", "-"], SMALL);
    expect(wrong.stderr).toContain('"v8" is none of uint8array, object, pool.');
    expect(wrong.code).not.toBe(0);
  });

  it.each(["glibc", "throughput", "small"])("says which heap it was: %s", async (profile) => {
    const args = ["replay", "--repeat", "1", "--no-engine", "--profile", profile, "-"];
    const { stdout } = await run([...args, "--json"], SMALL);
    expect(JSON.parse(stdout)).toMatchObject({ profile });
    const { stdout: text } = await run(args, SMALL);
    expect(text.includes(`on the profile "${profile}" in WebAssembly`)).toBe(profile !== "glibc");
    expect(text.includes("on glibc 2.36's malloc in WebAssembly")).toBe(profile === "glibc");
  });

  it("peaks make sense", async () => {
    const { stdout } = await run(["replay", "--json", "--repeat", "1", "--no-engine", "-"], SMALL);
    const { traces } = JSON.parse(stdout) as { traces: Record<string, number | null>[] };
    const trace = traces[0]!;
    expect(trace).toMatchObject({
      name: "<stdin>",
      refused: 1,
      peakLiveBytes: 5000 + 300 + 200000,
      peakLiveBlocks: 3,
      engine: null,
    });
    expect(trace.peakFootprintBytes).toBeGreaterThanOrEqual(trace.peakHeldBytes!);
    expect(trace.utilisation).toBeCloseTo(trace.peakLiveBytes! / trace.peakFootprintBytes!);
  });
});

describe("traces of other makers", () => {
  it.each([
    ["three header lines, CRLF", "20000\r\n1\r\n2\r\na 0 2040\r\nf 0\r\n"],
    [
      "sparse ids, wrong counts",
      "9\n9\n9\n9\na 4000000000 24\na 18446744073709551615 24\nf 4000000000\n",
    ],
    ["blocks forgotten and freed twice", "0\n0\n0\n0\na 0 24\na 0 24\nf 0\nf 0\na -1 5\nf -1\n"],
  ])("%s", async (_, text) => {
    const { code, stdout } = await run(["replay", "--repeat", "2", "-"], text);
    expect(code).toBe(0);
    expect(stdout.replaceAll("\n", " ")).toMatch(
      /The Wasm heap, warm: .+ of the footprint in use\./,
    );
  });
});

it("without FILE replays the bundled recordings", async () => {
  const { code, stdout } = await run(["replay", "--repeat", "1", "--no-engine", "--json"]);
  expect(code).toBe(0);
  const { traces } = JSON.parse(stdout) as { traces: { name: string }[] };
  expect(traces).toHaveLength(21);
  expect(traces[0]!.name).toBe("bash");
});

describe("the built command", () => {
  function spawn(args: string[], input: string) {
    return spawnSync(process.execPath, [MAIN, ...args], { input, encoding: "utf8" });
  }

  it("works as a program", () => {
    const { status, stdout, stderr } = spawn(["replay", "--addresses", "-", "-"], SMALL);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^0 1a0\n/);
  });

  it("exits with 1 on a malformed trace, without a stack", () => {
    const { status, stdout, stderr } = spawn(["replay", "-"], "0\n1\n1\n1\na 0 24\nz\n");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe(
      'ptmalloc-wasm: <stdin>:6:1: unknown operation "z": a line begins with a, c, m, r, f, t or x\n',
    );
  });
});
