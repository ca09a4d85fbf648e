import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { run } from "./run.js";

const GIT_GREP = fileURLToPath(new URL("../../traces/threads/git-grep.rep.gz", import.meta.url));
const HEADER = "0\n0\n0\n1\n";
/** Block 2 goes from thread 0 to 1, its id back; the last request is refused. */
const SMALL = `${HEADER}a 0 24\na 2 300\nt 1\nc 1 3 100\nf 2\nt 0\na 2 500\nx 1\nt 1\nr 1 9\na 5 999999999999\n`;

describe("replay --workers", () => {
  it("reports times, threads, arenas and what was checked, in 100 columns", async () => {
    const { code, stdout, stderr } = await run(["replay", "--workers", "--repeat", "1", GIT_GREP]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^replay of git-grep on workers, glibc 2\.36's malloc/);
    expect(stdout).toMatch(/^5 workers, warm +[\d.,]+ +[\d.,]+ +[\d,]+$/m);
    expect(stdout).toMatch(/^simulated threads, cold +[\d.,]+/m);
    expect(stdout).toMatch(/^thread 4 +4 +1,285 +[\d.,]+ +\d+ +\d+ +\d+/m);
    expect(stdout).toMatch(/^0 \(main_arena\) +- +\S+ KiB/m);
    expect(stdout).toMatch(/9,432 operations in their order;\n437 blocks of 1,119,749 bytes left/);
    expect(stdout.replaceAll("\n", " ")).toMatch(
      /In words: [\d.,]+ ns an operation, the order of the trace included: [\d,]+ operations had to wait/,
    );
    // Simulated threads never wait: nothing is said of which is faster.
    expect(stdout).not.toMatch(/faster|slower/);
    const widths = stdout.split("\n").map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(100);
  });

  it("has it all in --json, lp64 and tunables too", async () => {
    const args = ["--json", "--repeat", "2", "--abi", "lp64", "--cores", "1"];
    const tunables = ["--tunables", "glibc.malloc.arena_max=1"];
    const { stdout } = await run(["replay", "--workers", ...args, ...tunables, "-"], SMALL);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      format: "ptmalloc-wasm replay workers 1",
      abi: "lp64",
      tunables: "glibc.malloc.arena_max=1",
      repeat: 2,
    });
    const [trace] = report.traces as Record<string, unknown>[];
    expect(trace).toMatchObject({
      ...{ name: "<stdin>", ops: 7, refused: 1, liveBlocks: 3, liveBytes: 533 },
      ...{ workers: 2, handOvers: 2, reuses: 1 },
      threads: [
        { number: 0, worker: 0, operations: 3, arena: 0 },
        { number: 1, worker: 1, operations: 2 },
        { number: 1, worker: 1, operations: 2 },
      ],
    });
    expect(trace?.arenas).toHaveLength(1);
    expect(trace?.mallocInfo).toMatch(/^<malloc version="1">/);
  });

  it("runs the profile throughput, and says so", async () => {
    const args = ["replay", "--workers", "--profile", "throughput", "--repeat", "1", "-"];
    const { stdout } = await run([...args, "--json"], SMALL);
    expect(JSON.parse(stdout)).toMatchObject({
      profile: "throughput",
      traces: [{ ops: 7, refused: 1, liveBlocks: 3, liveBytes: 533, workers: 2 }],
    });
    expect((await run(args, SMALL)).stdout).toContain('the profile "throughput" in WebAssembly');
  });

  it("runs another version of glibc, and says so", async () => {
    const args = ["replay", "--workers", "--glibc", "2.43", "--repeat", "1", "-"];
    const { stdout } = await run([...args, "--json"], SMALL);
    expect(JSON.parse(stdout)).toMatchObject({ glibc: "2.43", traces: [{ ops: 7, workers: 2 }] });
    expect((await run(args, SMALL)).stdout).toContain("glibc 2.43's malloc in WebAssembly");
  });

  it("takes a number of workers, and fresh ids; several traces get a row each", async () => {
    const args = ["--max-workers", "1", "--fresh-ids", "--repeat", "1"];
    const { stdout } = await run(["replay", ...args, GIT_GREP, "-"], SMALL);
    expect(stdout).toMatch(/^git-grep +9,432 +5 +1 +\d/m);
    expect(stdout).toMatch(/^<stdin> +7 +3 +1 +\d/m);
    for (const columns of [60, 80, 100, 200]) {
      const found = await run(["replay", ...args, "-"], SMALL, { COLUMNS: String(columns) });
      const widths = found.stdout.split("\n").map((line) => line.length);
      expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
    }
    const widths = stdout.split("\n").map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(100);
  });

  it("says so where nothing is to be measured", async () => {
    const { stdout } = await run(["replay", "--workers", "--repeat", "1", "-"], HEADER);
    expect(stdout).toContain("one worker, warm");
    expect(stdout).toContain("an empty trace: nothing to measure.");
  });

  it.each([
    [["--workers", "--addresses", "-"], "--addresses is for simulated threads: with --workers "],
    [["--max-workers", "2", "--addresses", "x"], "simulated threads: with --max-workers "],
    [["--fresh-ids"], "--fresh-ids is for --workers or --max-workers\n"],
    [["--workers", "4"], "4: no such file; --workers takes no number, --max-workers 4 does\n"],
    [["--max-workers", "0"], "A whole number from 1 to 128 is needed."],
    [["--max-workers", "129"], "A whole number from 1 to 128 is needed."],
    [["--workers", "--profile", "small"], "--profile small is not for threads that run"],
    [["--workers", "--tunables", "x=1"], "x"],
  ])("%j is refused", async (args, message) => {
    const { code, stdout, stderr } = await run(["replay", ...args, "-"], SMALL);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  it.each([["--workers"], ["--no-engine"]])("%s refuses too many threads", async (option) => {
    const turns = Array.from({ length: 129 }, (_, thread) => `t ${thread}\na ${thread} 1\n`);
    const { code, stderr } = await run(["replay", option, "-"], HEADER + turns.join(""));
    expect(code).toBe(1);
    expect(stderr).toBe(
      "ptmalloc-wasm: <stdin>: 129 threads at a time, and a process has room for 128\n",
    );
  });
});
