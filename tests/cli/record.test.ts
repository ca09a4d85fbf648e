// `ptmalloc-wasm record`: what a program calls comes out as a trace, whatever becomes of it.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { parseTrace } from "../../src/trace/parse.js";
import { runCli } from "../../src/cli/program.js";

const SKIPPED =
  process.platform !== "linux"
    ? "no Linux"
    : spawnSync("cc", ["--version"]).status !== 0
      ? "no cc"
      : undefined;
if (SKIPPED !== undefined) process.stderr.write(`skipped: recording programs: ${SKIPPED}\n`);

/** What it does stands in its argument. Each ends with a call that no other makes. */
const PROGRAM = `
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile kept;
static void *thread(void *unused) {
  kept = malloc(333);
  free(kept);
  return unused;
}

static void all_kinds(void) {
  char *a = malloc(100), *c = calloc(3, 40), *m = memalign(64, 200), *r = realloc(NULL, 50);
  r = realloc(r, 5000);
  volatile size_t most = SIZE_MAX / 2;
  kept = malloc(most + 1);
  kept = aligned_alloc(32, 96);
  void *p = NULL;
  if (posix_memalign(&p, 128, 70)) abort();
  free(NULL);
  free(a), free(c), free(m), free(p), free(kept);
  kept = realloc(r, 0);
  kept = reallocarray(NULL, 6, 7);
}

int main(int count, char **words) {
  const char *what = count > 1 ? words[1] : "";
  free(malloc(12345));
  if (!strcmp(what, "kinds")) all_kinds();
  if (!strcmp(what, "threads"))
    for (int i = 0; i < 3; i++) {
      pthread_t id;
      pthread_create(&id, NULL, thread, NULL);
      pthread_join(id, NULL);
    }
  if (!strcmp(what, "fork")) {
    kept = malloc(77);
    if (fork() == 0) {
      free(kept);
      kept = malloc(88);
      exit(0);
    }
    wait(NULL);
  }
  if (!strcmp(what, "many"))
    for (int i = 0; i < 100000; i++) free(malloc(1000 + i % 1000));
  kept = malloc(54321);
  if (!strcmp(what, "kill")) kill(getpid(), SIGKILL);
  if (!strcmp(what, "_exit")) _exit(4);
  return !strcmp(what, "fail") ? 3 : 0;
}
`;

describe.skipIf(SKIPPED !== undefined)("record", () => {
  const folder = mkdtempSync(join(tmpdir(), "record-test-"));
  const program = join(folder, "program");
  writeFileSync(`${program}.c`, PROGRAM);
  execFileSync("cc", ["-O0", "-fno-builtin", "-pthread", "-o", program, `${program}.c`]);
  const cache = join(folder, "cache");
  afterAll(() => rmSync(folder, { recursive: true }));

  async function record(...args: readonly string[]) {
    let said = "";
    const stderr = { write: (text: string | Uint8Array) => (said += String(text)) };
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    const io = { stdin: process.stdin, stdout: stderr, stderr, env };
    const code = await runCli(["record", ...args], io);
    return { code, said };
  }

  const out = join(folder, "out.rep");
  const textOf = (path: string): string =>
    (path.endsWith(".gz") ? gunzipSync(readFileSync(path)) : readFileSync(path)).toString();
  /** The operations from the first block of 12,345 bytes on, which libc's own come before. */
  function operations(path = out): string[] {
    const text = textOf(path);
    parseTrace(Buffer.from(text), path);
    const lines = text.trimEnd().split("\n");
    const begin = lines.findIndex((line) => line.endsWith(" 12345"));
    return lines.slice(begin + 2);
  }
  /** With ids from 0 on. */
  function renumbered(lines: readonly string[]): string[] {
    const ids = new Map<string, number>();
    return lines.map((line) =>
      line.replace(/^([acmrf]) (\d+)/, (_all, letter: string, id: string) => {
        if (!ids.has(id)) ids.set(id, ids.size);
        return `${letter} ${ids.get(id)}`;
      }),
    );
  }

  it("has every kind of call, and leaves out what no replay can do", async () => {
    const { code, said } = await record("-o", out, "--", program, "kinds");
    expect(code).toBe(0);
    expect(renumbered(operations())).toEqual([
      ...["a 0 100", "c 1 3 40", "m 2 64 200", "r 3 50", "r 3 5000", "m 4 32 96", "m 5 128 70"],
      ...["f 0", "f 1", "f 2", "f 5", "f 4", "r 3 0"],
      // Ids of freed blocks are used again, the latest first.
      ...["r 3 42", "a 4 54321"],
    ]);
    expect(said).toContain("left out");
  });

  it("has threads, with their exits", async () => {
    await record("-o", out, "--", program, "threads");
    const lines = textOf(out).split("\n");
    expect(lines.filter((line) => /^a \d+ 333$/.test(line))).toHaveLength(3);
    expect(lines.filter((line) => line.startsWith("x "))).toHaveLength(3);
    expect(lines.filter((line) => line === "t 3")).toHaveLength(1);
  });

  it("begins anew in a forked child, and leaves out the parent's blocks", async () => {
    const { said } = await record("--children", "-o", out, "--", program, "fork");
    const child = readdirSync(folder).find((name) => /^out\.\d+-program\.rep$/.test(name))!;
    const text = textOf(join(folder, child));
    expect(text).toMatch(/^a \d+ 88$/m);
    expect(text).not.toMatch(/ 77$/m);
    expect(operations().at(-1)).toMatch(/ 54321$/);
    expect(operations().join("\n")).not.toMatch(/ 88$/m);
    expect(said).not.toContain("--children");
    const { said: hint } = await record("-o", out, "--", program, "fork");
    expect(hint).toContain("1 other programs ran (program)");
  });

  it.each([
    ["fail", 3, ""],
    ["_exit", 4, "killed, left by _exit"],
    ["kill", 137, "ended by SIGKILL"],
  ])("keeps all of a program that ends by %s, and its exit status", async (how, status, says) => {
    const { code, said } = await record("-o", out, "--", program, how);
    expect(code).toBe(status);
    expect(said).toContain(says);
    expect(operations().at(-1)).toMatch(/^a \d+ 54321$/);
  });

  it("has all of many calls, and cuts only where it is told to, and says so", async () => {
    const { said } = await record("-o", `${out}.gz`, "--", program, "many");
    expect(said).not.toContain("cut");
    expect(operations(`${out}.gz`)).toHaveLength(200_001);
    const { said: cut } = await record("--most", "1000", "-o", out, "--", program, "many");
    expect(cut).toContain("cut after 1,000 operations");
    expect(parseTrace(readFileSync(out), out).count).toBe(1000);
  });

  it("takes the program that is meant, of several", async () => {
    const shell = ["--", "sh", "-c", `true; ${program} kinds; true`];
    await record("-o", out, "--program", "program", ...shell);
    expect(operations().at(-1)).toMatch(/ 54321$/);
    const { code, said } = await record("-o", out, "--program", "nobody", ...shell);
    expect(code).toBe(1);
    expect(said).toMatch(/no program "nobody" left a recording; there were .*program/);
  });

  it("says what is wrong", async () => {
    const missing = await record("--", join(folder, "missing"));
    expect(missing.code).toBe(1);
    expect(missing.said).toContain("no such program");
    expect((await record()).code).toBe(2);
    execFileSync("cc", ["-static", "-pthread", "-o", `${program}-static`, `${program}.c`]);
    const still = await record("-o", out, "--", `${program}-static`);
    expect(still.said).toContain("left no recording: it is static");
    const there = join(folder, "there");
    mkdirSync(there, { recursive: true });
    expect((await record("-o", there, "--", program)).said).toContain("is a directory");
    const before = process.env["CC"];
    process.env["CC"] = "/no/such/compiler";
    rmSync(cache, { recursive: true });
    try {
      const { code, said } = await record("-o", out, "--", program);
      expect(code).toBe(1);
      expect(said).toContain("/no/such/compiler cannot compile the recorder");
    } finally {
      if (before === undefined) delete process.env["CC"];
      else process.env["CC"] = before;
    }
  });
});
