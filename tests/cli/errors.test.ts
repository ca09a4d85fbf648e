import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { run } from "./run.js";
import { scratch } from "./scratch.js";

const GOOD = "0\n1\n2\n1\na 0 24\nf 0\n";
const place = scratch("replay");
const { file } = place;

/** The command must fail, say nothing on stdout and this on stderr. */
async function expectFailure(
  args: string[],
  message: string | RegExp,
  stdin = "",
  failure = 1,
): Promise<void> {
  const { code, stdout, stderr } = await run(args, stdin);
  expect(stdout).toBe("");
  if (typeof message === "string") expect(stderr).toBe(`ptmalloc-wasm: ${message}\n`);
  else expect(stderr).toMatch(message);
  expect(code).toBe(failure);
}

describe("bad input", () => {
  it("names file, line and reason of a malformed trace", async () => {
    const path = file("bad.rep", "0\n1\n2\n1\na 0 24\nq 0\n");
    await expectFailure(
      ["replay", path],
      `${path}:6:1: unknown operation "q": a line begins with a, c, m, r, f, t or x`,
    );
  });

  it("also in a gzipped one, whatever its name", async () => {
    const path = file("bad.txt", gzipSync("0\n1\n2\n1\na 0\n"));
    await expectFailure(["replay", path], `${path}:5:4: SIZE is missing ("a ID SIZE")`);
  });

  it("also on standard input", async () => {
    await expectFailure(["replay", "-"], "<stdin>:1:1: the trace is empty");
    await expectFailure(["replay", "-"], "<stdin>:5:5: negative SIZE", "1\n1\n1\n1\na 0 -1\n");
  });

  it("refuses a thread that calls after its exit, and a wrong number of cores", async () => {
    const path = file("threads.rep", "0\n1\n2\n1\na 0 24\nx 0\nf 0\n");
    await expectFailure(
      ["replay", path],
      /^ptmalloc-wasm: .*threads\.rep:7:1: thread 0 calls after its exit/,
    );
    const good = file("good.rep", GOOD);
    await expectFailure(
      ["replay", "--cores", "0", good],
      /A whole number from 1 to 8192 is needed/,
      "",
      2,
    );
  });

  it("names a missing file, a directory and a damaged archive", async () => {
    const missing = join(place.folder, "missing.rep");
    await expectFailure(["replay", missing], `${missing}: no such file or directory`);
    await expectFailure(["replay", place.folder], `${place.folder}: is a directory`);
    const damaged = file("damaged.rep.gz", gzipSync(GOOD.repeat(50)).subarray(0, 30));
    await expectFailure(["replay", damaged], /damaged\.rep\.gz: damaged gzip file \(.+\)\n$/);
    const flipped = gzipSync(GOOD.repeat(50));
    flipped[flipped.length - 6]! ^= 1;
    const wrong = file("wrong.rep.gz", flipped);
    await expectFailure(["replay", wrong], /wrong\.rep\.gz: damaged gzip file \(.+\)\n$/);
  });

  it.each([
    ["zstd", "\x28\xb5\x2f\xfd"],
    ["xz", "\xfd7zXZ\0"],
    ["bzip2", "BZh9"],
    ["zip", "PK\x03\x04"],
  ])("says what a file is packed with: %s", async (packer, magic) => {
    const path = file("packed.rep.x", Buffer.from(`${magic}rest`, "latin1"));
    const message = `${path}: packed with ${packer}: unpack it first (gzip is taken as it is)`;
    await expectFailure(["replay", path], message);
    await expectFailure(["maps", path], message);
  });

  it("reads every file before it starts to work", async () => {
    const bad = file("later.rep", "x\n");
    await expectFailure(["replay", file("good.rep", GOOD), bad], /later\.rep:1:2: /);
  });
});

it("notes on standard error what is odd about a trace, and goes on", async () => {
  const text = "0\n1\n4\n1\na 0 24\na 0 24\nf 0";
  const path = file("odd.rep", text.replace("4", "3"));
  const { code, stderr, stdout } = await run(["replay", "--json", "--repeat", "1", path]);
  expect(code).toBe(0);
  const notes = [
    "7: the last line has no newline: is it whole?",
    "6:1: id 0: a new block while one is live, which is forgotten",
  ];
  expect(stderr).toBe(notes.map((note) => `ptmalloc-wasm: note: ${path}:${note}\n`).join(""));
  expect((JSON.parse(stdout) as { traces: unknown[] }).traces[0]).toMatchObject({ notes });
});

describe("bad options", () => {
  it.each([
    [
      ["replay", "--abi", "x32", "-"],
      /option '--abi <abi>' argument 'x32' is invalid. Allowed choices are ilp32, lp64/,
    ],
    [["replay", "--layout", "flat", "-"], /option '--layout <layout>' argument 'flat' is invalid/],
    [
      ["replay", "--repeat", "0", "-"],
      /'--repeat <n>' argument '0' is invalid. A whole number from 1/,
    ],
    [["replay", "--repeat", "1e2", "-"], /A whole number from 1 to 1000 is needed/],
    [["replay", "--jason", "-"], /unknown option '--jason'\n\(Did you mean --json\?\)/],
    [["reply"], /unknown command 'reply'\n\(Did you mean replay\?\)/],
    [["replay", "--tunables"], /option '--tunables <settings>' argument missing/],
    [["replay", "--tunables", "glibc.malloc.nope=1", "-"], /no tunable "glibc\.malloc\.nope"/],
    [["replay", "--tunables", "glibc.malloc.top_pad=x", "-"], /must be a number/],
    [["replay", "--addresses", "-", "--json", "-"], /--addresses - and --json/],
    [["replay", "--addresses", "-", "a", "b"], /--addresses takes exactly one FILE, not 2/],
    [["replay", "-", "-"], /standard input \(-\) can be read only once/],
  ])("%j", async (args, message) => {
    await expectFailure(args, message, GOOD, 2);
    expect((await run(args, GOOD)).stderr).toMatch(/^ptmalloc-wasm: /);
  });

  it("an --addresses file that cannot be written", async () => {
    const out = join(place.folder, "no", "such", "place");
    await expectFailure(
      ["replay", "--addresses", out, "-"],
      `${out}: no such file or directory`,
      GOOD,
    );
  });
});

describe("help and version", () => {
  it("go to stdout with 0", async () => {
    const help = await run(["replay", "--help"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toContain("--addresses <out>");
    expect(Math.max(...help.stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(
      100,
    );
    expect((await run(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("a bare command replays what is shipped, and says how to go on", async () => {
    const { code, stdout, stderr } = await run([], "", { COLUMNS: "80" });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^replay of 2 traces /);
    expect(stdout).toMatch(/^git-grep +9,432 /m);
    expect(stdout).toMatch(/^git-log +20,692 /m);
    expect(stdout).toMatch(/\nGo on with\n {2}ptmalloc-wasm replay FILE/);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});
