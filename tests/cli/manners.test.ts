/** What all commands have in common: colours, widths, and where a JSON output comes from. */
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { makeProgram } from "../../src/cli/program.js";
import { outlineOf } from "../../src/cli/program-outline.js";
import { run } from "./run.js";

const TRACE = "0\n2\n2\n1\na 0 24\na 1 200000\n";
const SCRIPT = "a = mmap(NULL, 4096, PROT_READ)\nmunmap(1, 1)\nwrite(a, 1)\n";
const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: {} };
const paths = outlineOf(makeProgram(io)).map(({ path }) => path.split(" ").filter(Boolean));
const uncolored = (text: string) => text.replace(/\u001b\[\d+m/g, "");

describe("colours", () => {
  it.each([
    [["maps", "-"], TRACE],
    [["smaps", "-"], TRACE],
    [["smaps", "--rollup", "-"], TRACE],
    [["mm", "-"], TRACE],
    [["strace", "replay", "-"], TRACE],
    [["strace", "script", "-"], SCRIPT],
    [["strace", "--help"], ""],
  ])("of %j add nothing to the text, and are there where wanted only", async (args, stdin) => {
    const plain = (await run(args, stdin)).stdout;
    expect(plain).not.toContain("\u001b");
    for (const [more, env] of [
      [[], { FORCE_COLOR: "1" }],
      [["--color", "always"], { NO_COLOR: "1" }],
    ] as [string[], Record<string, string>][]) {
      const { stdout } = await run([...more, ...args], stdin, env);
      expect(stdout).toContain("\u001b[");
      expect(uncolored(stdout)).toBe(plain);
    }
    expect((await run([...args, "--color", "never"], stdin, { FORCE_COLOR: "1" })).stdout).toBe(
      plain,
    );
    expect((await run(args, stdin, { FORCE_COLOR: "1", NO_COLOR: "1" })).stdout).toBe(plain);
  });

  it("tell a failure from a success", async () => {
    const { stdout } = await run(["strace", "script", "--color=always", "-"], SCRIPT);
    expect(stdout).toMatch(/= \u001b\[31m-1 EINVAL/);
    expect(stdout).toMatch(/= \u001b\[32m0x55550000/);
    expect(stdout).toMatch(/\u001b\[31m--- SIGSEGV/);
  });
});

describe("widths", () => {
  const widest = (text: string) => Math.max(...text.split("\n").map((line) => stringWidth(line)));

  it.each(paths)("help of %s %s fits 60 to 200 columns, with whole words", async (...words) => {
    const args = [...words.filter((word) => typeof word === "string"), "--help"];
    const said = new Set((await run(args, "", { COLUMNS: "200" })).stdout.split(/\s+/));
    for (const columns of ["60", "80", "133", "200"]) {
      const { stdout } = await run(args, "", { COLUMNS: columns });
      expect(widest(stdout)).toBeLessThanOrEqual(Number(columns));
      // A word of the documentation that is longer than the line is all that may be broken.
      const broken = stdout.split(/\s+/).filter((word) => !said.has(word));
      expect(broken.filter((word) => /^[\w'-]{2,24}$/.test(word))).toEqual([]);
    }
  });

  it.each(["60", "80", "200"])("mm fits %s columns", async (columns) => {
    const { stdout } = await run(["mm"], "", { COLUMNS: columns });
    expect(widest(stdout)).toBeLessThanOrEqual(Number(columns));
    expect(stdout).toMatch(/^ {2}brk +[=:] 0x1022000/m);
  });
});

it.each([["maps"], ["smaps"], ["mm"], ["strace", "script"]])(
  "--json of %s %s says versions, machine and date",
  async (...words) => {
    const args = words.filter((word) => typeof word === "string");
    const { stdout } = await run([...args, "--json", "-"], args.length > 1 ? SCRIPT : TRACE);
    const report = JSON.parse(stdout) as { date: string; versions: object; machine: object };
    expect(new Date(report.date).toISOString()).toBe(report.date);
    expect(report.versions).toMatchObject({ glibc: "2.36", node: process.versions.node });
    expect(report.machine).toHaveProperty("cpu");
  },
);
