// The commands that look at a heap, and the shell: what they print is as wide as it may be, JSON is
// one object, and what cannot be meant is said.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { Ajv } from "ajv";
import { HEAP_COMMANDS } from "../../src/shell/commands/all.js";
import { HeapView } from "../../src/inspect/chunks.js";
import { takeCheckpoint } from "../../src/inspect/checkpoint.js";
import { isDamage } from "../../src/inspect/damage.js";
import { createHeap } from "../../src/index.js";
import { snapshotText, type Snapshot } from "../../src/inspect/snapshot.js";
import { createHeapImage } from "./heap-image.js";
import { run } from "./run.js";

const folder = mkdtempSync(join(tmpdir(), "ptmalloc-inspect-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Arguments that each command can be given at operation 3000 of git-log. */
const ARGUMENTS: Readonly<Record<string, string[]>> = {
  malloc_chunk: ["@2990"],
  whatis: ["@2990+4"],
  try_free: ["@2990"],
  try_malloc: ["1000"],
  search: ["main_arena"],
  find_fake_fast: ["main_arena"],
  timeline: ["2990"],
};

const AT = ["--at", "3000"];

describe.each(HEAP_COMMANDS.map(({ name }) => name))("%s", (name) => {
  const args = ARGUMENTS[name] ?? [];

  it.each(["60", "100", "200"])("fits %s columns", async (COLUMNS) => {
    const { code, stdout, stderr } = await run([name, "git-log", ...args, ...AT], "", { COLUMNS });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.length).toBeGreaterThan(3);
    // These are letter for letter what glibc prints.
    if (name.startsWith("malloc_info") || name.startsWith("malloc_stats")) return;
    const longest = Math.max(...stdout.split("\n").map((line) => line.length));
    expect(longest).toBeLessThanOrEqual(Number(COLUMNS));
  });

  it("says the same as one JSON object, and in colours", async () => {
    const { stdout } = await run([name, "git-log", ...args, ...AT, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ command: name });
    const plain = await run([name, "git-log", ...args, ...AT]);
    const painted = await run([name, "git-log", ...args, ...AT], "", { FORCE_COLOR: "1" });
    // Blanks at a line's end are cut where no colour is behind them.
    const bare = stripVTControlCharacters(painted.stdout).replaceAll(/ +$/gm, "");
    expect(bare).toBe(plain.stdout.replaceAll(/ +$/gm, ""));
  });

  it("has help with an example", async () => {
    const { stdout } = await run([name, "--help"]);
    expect(stdout).toContain(`ptmalloc-wasm ${name} git-log`);
  });
});

describe.each(["2.41", "2.43"])("glibc %s", (glibc) => {
  it.each(["ilp32", "lp64"])("every command, in a trace and in a snapshot, %s", async (abi) => {
    const which = ["--glibc", glibc, "--abi", abi];
    const path = join(folder, `${glibc}.${abi}.json`);
    const made = await run(["snapshot", "git-log", ...AT, ...which, "-o", path]);
    expect([made.code, made.stderr]).toEqual([0, ""]);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ glibc, checkpoint: { glibc } });
    for (const { name, needsTimeline } of HEAP_COMMANDS) {
      const args = ARGUMENTS[name] ?? [];
      const narrow = { COLUMNS: "60" };
      const plain = await run([name, "git-log", ...args, ...AT, ...which], "", narrow);
      expect([name, plain.code, plain.stderr]).toEqual([name, 0, ""]);
      const isVerbatim = name.startsWith("malloc_info") || name.startsWith("malloc_stats");
      const longest = Math.max(...plain.stdout.split("\n").map((line) => line.length));
      if (!isVerbatim) expect(longest, name).toBeLessThanOrEqual(60);
      // A snapshot has no operations that could be named.
      if (needsTimeline || name === "leaks" || args.some((arg) => arg.startsWith("@"))) continue;
      const body = ({ stdout }: typeof plain) => stdout.split("\n").slice(1);
      const wide = { COLUMNS: "200" };
      const here = await run([name, "git-log", ...args, ...AT, ...which], "", wide);
      expect(body(await run([name, path, ...args], "", wide)), name).toEqual(body(here));
    }
    const words = await run(["fastbins", path]);
    expect(words.stdout.includes("no fast bins")).toBe(glibc === "2.43");
    expect((await run(["check", path])).stdout).toBe("sound\n");
  });
});

describe("snapshots", () => {
  it("take a trace's place in every command, from another process", async () => {
    const path = join(folder, "a.json.gz");
    expect((await run(["snapshot", "git-log", ...AT, "-o", path])).code).toBe(0);
    for (const name of ["heap", "bins", "arenas", "vmmap", "malloc_info", "check"]) {
      const wide = { COLUMNS: "200" };
      const there = await run([name, path], "", wide);
      const here = await run([name, "git-log", ...AT], "", wide);
      const body = ({ stdout }: typeof here) => stdout.split("\n").slice(1);
      expect(body(there), name).toEqual(body(here));
    }
    const tried = await run(["try_malloc", path, "1000"]);
    expect(tried.stdout).toBe((await run(["try_malloc", "git-log", "1000", ...AT])).stdout);
  });

  it("say everything, and differ as the heaps do", async () => {
    const [a, b] = [join(folder, "b.json"), join(folder, "c.json")];
    await run(["snapshot", "git-log", ...AT, "-o", a]);
    await run(["snapshot", "git-log", "--at", "3100", "-o", b]);
    const snapshot = JSON.parse(readFileSync(a, "utf8")) as Snapshot;
    expect(snapshot.chunks.length).toBeGreaterThan(100);
    expect(snapshot.damages).toEqual([]);
    const { stdout } = await run(["diff", a, b, "--json"]);
    const diff = JSON.parse(stdout) as { born: unknown[]; numbers: { name: string }[] };
    expect(diff.born.length).toBeGreaterThan(0);
    expect(diff.numbers.map(({ name }) => name)).toContain("mallinfo2.uordblks");
    expect((await run(["diff", a, a])).stdout).toContain("chunks: 0 came, 0 went, 0 changed");
  });

  it("that are none are refused by name", async () => {
    const path = join(folder, "no.json");
    writeFileSync(path, '{"format":"ptmalloc-wasm heap snapshot","version":9}');
    const { code, stderr } = await run(["heap", path]);
    expect([code, stderr]).toEqual([
      1,
      `ptmalloc-wasm: ${path}: version 9: this program reads version 1\n`,
    ]);
  });
});

it("a snapshot of any heap is one to look at", async () => {
  const heap = await createHeap();
  const blocks = Array.from({ length: 30 }, (_, i) => heap.malloc(10 + 50 * i));
  for (const mem of blocks.slice(4, 20)) heap.free(mem);
  const path = join(folder, "core.json");
  const view = new HeapView(heap.process);
  writeFileSync(path, [...snapshotText(view, "mine", takeCheckpoint([heap.process]))].join(""));
  const { code, stdout } = await run(["heap", path, "--json"]);
  expect(code).toBe(0);
  const { chunks } = JSON.parse(stdout) as { chunks: unknown[] };
  expect(chunks).toMatchObject([...view.chunks()]);
  const refused = await run(["try_free", path, "top"]);
  expect(refused.stderr).toContain("calls cannot be tried in it");
});

it("a heap image is a heap to look at", async () => {
  const path = join(folder, "heap.img");
  const heap = createHeapImage(path);
  const { code, stdout } = await run(["heap", path]);
  expect(code).toBe(0);
  const chunks = [...new HeapView(heap.process).chunks()].filter((one) => !isDamage(one));
  expect(stdout.match(/^chunk /gm)?.length).toBe(chunks.length);
  const refused = await run(["try_malloc", path, "10"]);
  expect(refused.stderr).toContain("calls cannot be tried in it");
});

describe("what cannot be meant is said", () => {
  it.each([
    [["whatis", "git-log", "nowhere"], 'ADDRESS "nowhere": no address'],
    [["whatis", "git-log", "@5", "--at", "3"], "operation 5 has returned no block by now"],
    [["try_malloc", "git-log", "many"], 'BYTES "many": a whole number is needed'],
    [["timeline", "git-log", "99999"], "operation 99999: traces/git-log.rep.gz has 20692"],
    [["bins", "git-log", "--at", "30000"], "--at 30000: traces/git-log.rep.gz has 20692"],
    [["heap", "no-such-thing"], "no-such-thing: no such file or directory"],
    [["shell", "-c", "bins 3"], 'line 1: bins 3: bins: "3" is one argument too many'],
    [["shell", "-c", "until trim"], "there is no trace"],
    [["shell", "git-log", "-c", "until rain"], 'until "rain": no such event'],
  ])("%j", async (args, message) => {
    const { code, stderr } = await run(args);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain(message);
  });
});

/** Runs lines of the shell. @returns what it printed */
async function shell(lines: readonly string[], trace: string[] = []): Promise<string> {
  const { stdout, stderr } = await run(["shell", ...trace], `${lines.join("\n")}\n`);
  return stdout + stderr;
}

it("vmmap tells a mapped chunk from the heap of an arena below it", async () => {
  const trace = "0\n2\n2\n0\nt 1\na 0 24\nt 0\na 1 3000000\n";
  const { stdout } = await run(["vmmap", "-"], trace);
  expect(stdout).toMatch(/rw-p .* heap of an arena\n/);
  expect(stdout).toMatch(/rw-p +2\.86 MiB {2}mapped chunks\n/);
});

describe("the shell", () => {
  it("goes on along a trace as if nothing had been typed, however much was", async () => {
    const typed = Array.from({ length: 105 }, () => "malloc(40)");
    const after = await shell(["goto 100", ...typed, "goto 300", "bins"], ["git-log"]);
    const plain = await shell(["goto 100", "goto 300", "bins"], ["git-log"]);
    expect(after.endsWith(plain.slice(plain.indexOf("tcachebins")))).toBe(true);
  });

  it("makes calls, shows why, and takes them back", async () => {
    const text = await shell([
      "p = malloc(24); q = malloc(24)",
      "free(p)",
      "tcachebins",
      "undo",
      "try_free p",
      "free(p)",
      "try_free p",
      "undo",
      "undo",
      "undo",
    ]);
    expect(text).toContain("tcache[1] (chunks of 0x20) had 0 of 7: the block goes there");
    expect(text).toContain("undone: free(p)");
    expect(text).toContain("all checks would pass");
    expect(text).toContain("free(): double free detected in tcache 2 (SIGABRT)");
    expect(text).toContain("nothing has been typed that could be undone");
  });

  it("goes on after a call that killed the process, by undo", async () => {
    const script = join(folder, "killed.txt");
    writeFileSync(script, "p = malloc(24)\nfree(p)\nfree(p)\n");
    const { code, stderr } = await run(["shell", "-f", script]);
    expect([code, stderr]).toEqual([
      1,
      "ptmalloc-wasm: line 3: free(p): free(): double free detected in tcache 2\n",
    ]);
  });

  it("steps along a trace, back and forth, until something happens", async () => {
    const text = await shell(
      [
        "goto 100",
        "step",
        "back",
        "until trim",
        "until p == @50",
        "goto 100",
        "malloc(10)",
        "step",
      ],
      ["git-log"],
    );
    expect(text).toContain("operation 99: ");
    expect(text).toContain("operation 100: ");
    expect(text).toContain("the trace has ended before that");
  });

  it("watches a word, and says what changed", async () => {
    const text = await shell([
      "p = malloc(24)",
      "mark",
      "watch p",
      "write p 0x41",
      "q = malloc(100)",
      "changed",
    ]);
    expect(text).toMatch(/watch 0x10001a0: 0x0 -> 0x41/);
    expect(text).toMatch(/^~ 0x1\w+ {2}top -> in use, 0x21e48 -> 0x70$/m);
  });

  it("has help for each command", async () => {
    const all = await shell(["help"]);
    for (const { name } of HEAP_COMMANDS) expect(all).toContain(name);
    for (const { name } of HEAP_COMMANDS) expect(await shell([`help ${name}`])).toContain(name);
  });
});

describe("the published schema", () => {
  const schema = JSON.parse(readFileSync("docs/snapshot.schema.json", "utf8")) as object;
  const validate = new Ajv({ allErrors: true }).compile(schema);

  it.each([
    ["git-log", "ilp32"],
    ["git-log", "lp64"],
    ["traces/threads/git-grep.rep.gz", "ilp32"],
  ])("describes snapshots: %s, %s", async (trace, abi) => {
    const { stdout } = await run(["snapshot", trace, "--abi", abi, ...AT]);
    validate(JSON.parse(stdout));
    expect(validate.errors).toBe(null);
  });

  it("refuses what is none", () => {
    expect(validate({ format: "ptmalloc-wasm heap snapshot", version: 1 })).toBe(false);
  });
});
