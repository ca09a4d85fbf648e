/**
 * The command as a process of its own: what it says when its streams fail, and what it exits with.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/program.js";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** @returns what a line of sh does, in which `$M` is the command */
function sh(line: string): { code: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, M: `${process.execPath} ${MAIN}`, NO_COLOR: "1" };
  const done = spawnSync("bash", ["-c", line], { env, encoding: "utf8", timeout: 60_000 });
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}

describe("output that cannot be written", () => {
  it.skipIf(!existsSync("/dev/full"))("on a full device is one line, and exit code 1", () => {
    for (const command of ["maps", "mm --json", "strace --help"]) {
      expect(sh(`$M ${command} > /dev/full`)).toEqual({
        code: 1,
        stdout: "",
        stderr: "ptmalloc-wasm: cannot write to standard output: no space left on the device\n",
      });
    }
    expect(sh("$M maps --abi x > /dev/full 2> /dev/full").code).toBeGreaterThan(0);
  });

  it("into a pipe that is closed is no error", () => {
    const script = "for i in {1..4000}; do echo 'smaps()'; done; echo 'mmap(NULL, 4096)'";
    const done = sh(
      `(${script}) | $M strace script - | head -c 1 > /dev/null; echo \${PIPESTATUS[1]}`,
    );
    expect(done).toEqual({ code: 0, stdout: "0\n", stderr: "" });
  });
});

describe("exit codes", () => {
  it.each([
    ["maps --nope", 2],
    ["nope", 2],
    ["strace replay", 2],
    ["maps a b", 2],
    ["maps --at 1", 2],
    ["maps --color x", 2],
    ["maps /no/such/file", 1],
    ["strace script - <<< 'malloc('", 1],
    ["maps --help", 0],
  ])("%s: %d", (command, code) => {
    const done = sh(`$M ${command}`);
    expect(done.code).toBe(code);
    expect(done.stderr).not.toMatch(/^ +at /m);
    expect(done.stderr.split("\n").length).toBeLessThanOrEqual(code === 0 ? 1 : 3);
  });
});

describe("an error of our own", () => {
  /** @returns what is said when the command's own code fails */
  async function failing(env: Record<string, string>): Promise<string> {
    let stderr = "";
    const stdout = {
      write: () => {
        throw new Error("no such thing");
      },
    };
    const io = {
      stdin: process.stdin,
      stdout,
      stderr: { write: (t: unknown) => (stderr += String(t)) },
    };
    expect(await runCli(["maps"], { ...io, env })).toBe(1);
    return stderr;
  }

  it("is one line, and its place is shown where DEBUG is set", async () => {
    const line = "ptmalloc-wasm: internal error: no such thing (DEBUG=1 shows where)\n";
    expect(await failing({})).toBe(line);
    expect(await failing({ DEBUG: "1" })).toMatch(/internal error: Error: no such thing\n +at /);
  });
});
