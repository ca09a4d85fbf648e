#!/usr/bin/env node
// Records real programs with several threads as they run under a version of glibc, replays each
// here, and compares the address of every block. Usage: node tests/oracle/real-runs.mjs
// [--glibc VERSION] [--keep] [NAME...] [-- PROGRAM ARGUMENTS...]
//   --glibc VERSION  the version to run under (glibc.mjs)
//   --keep           keeps the recordings of KEPT as goldens: tests/golden/*/real/NAME.log.gz
//   NAME             programs of the table below; without, all that this machine has
//   -- PROGRAM ...   another program
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { assertGlibc, goldenFolder, OWN, placeOf } from "./glibc.mjs";
import { withModule } from "./load-ts.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Where a run may write, and what it reads. */
const FOLDER = mkdtempSync(join(tmpdir(), "real-runs-"));
const WORDS = join(FOLDER, "words");

/** A Python program whose threads allocate side by side. */
const PYTHON = `
import threading
def work(n):
    for i in range(300):
        d = {str(k): [k] * (n * 7 % 50 + 1) for k in range(60)}
        s = ",".join(d) * (i % 5 + 1)
all = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[t.start() for t in all]; [t.join() for t in all]
`;

/** Perl, one thread after the other. */
const PERL = `use threads; my @all = map { my $n = $_; threads->create(sub {
  my %h; $h{$_} = "x" x ($_ % 200) for 1..2000 * $n; scalar keys %h }) } 1..4; $_->join for @all`;

/** @type {Readonly<Record<string, string[]>>} */
const PROGRAMS = {
  "git-grep": ["git", "-C", root, "grep", "--threads=4", "-c", "malloc"],
  "git-index-pack": ["git", "index-pack", "--threads=4", "-o", join(FOLDER, "x.idx"), packOf()],
  xz: ["xz", "-T4", "--block-size=65536", "-k", "-c", WORDS],
  zstd: ["zstd", "-q", "-T4", "-B65536", "-c", WORDS],
  sort: ["sort", "--parallel=4", "-S", "2M", "-T", FOLDER, WORDS],
  python: ["python3", "-c", PYTHON],
  perl: ["perl", "-e", PERL],
  lld: ["ld.lld", "--threads=4", "-r", "-o", join(FOLDER, "x.o"), ...objects()],
  gdb: ["gdb", "-q", "-nx", "-batch", "-ex", "info functions malloc", "/usr/bin/git"],
  cmake: ["cmake", "--system-information"],
};
/** Small enough to be goldens. */
const KEPT = ["lld", "python", "zstd"];

/** @returns {string} the largest pack of this repository */
function packOf() {
  const { stdout } = spawnSync("git", ["-C", root, "rev-parse", "--git-common-dir"]);
  const packs = join(root, stdout.toString().trim(), "objects/pack");
  const names = existsSync(packs) ? readdirSync(packs) : [];
  return join(packs, names.find((name) => name.endsWith(".pack")) ?? "none.pack");
}

/** @returns {string[]} object files that every C compiler has */
function objects() {
  const folder = "/usr/lib/x86_64-linux-gnu";
  const names = ["crt1.o", "crti.o", "crtn.o"].map((name) => join(folder, name));
  return names.filter((name) => existsSync(name));
}

/** @returns {string} the path of a program that is no script; "" where there is none */
function pathOf(/** @type {string} */ name) {
  const { stdout } = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
  const candidates = [`/usr/bin/${name}`, stdout.trim()];
  const isElf = (/** @type {string} */ path) =>
    existsSync(path) && readFileSync(path).subarray(0, 4).equals(Buffer.from("\x7fELF"));
  return candidates.find(isElf) ?? "";
}

function compileRecorder() {
  const library = join(FOLDER, "record.so");
  const args = ["-std=gnu11", "-O2", "-shared", "-fPIC", "-o", library, `${root}recorder/record.c`];
  if (spawnSync("gcc", args, { stdio: "inherit" }).status !== 0) throw new Error("gcc failed");
  return library;
}

/**
 * Runs a program under the recorder.
 * @param {string} library
 * @param {string} glibc
 * @param {string} name
 * @param {string[]} command
 * @returns {string} the folder with its recordings
 */
function run(library, glibc, name, [program = "", ...args]) {
  const folder = join(FOLDER, `log-${name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const { libraries, loader } = placeOf(glibc, "lp64");
  const own = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"];
  const start =
    glibc === OWN
      ? [program]
      : [loader, "--library-path", [libraries, ...own].join(":"), "--preload", library, program];
  const preload = glibc === OWN ? { LD_PRELOAD: library } : {};
  const env = { ...process.env, ...preload, RECORD: folder, LC_ALL: "C" };
  const done = spawnSync(start[0] ?? "", [...start.slice(1), ...args], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (done.status !== 0) console.log(`${name}: status ${done.status} ${done.stderr.slice(-300)}`);
  return folder;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { glibc: { type: "string", default: OWN }, keep: { type: "boolean", default: false } },
});
const { glibc } = values;
const dashes = process.argv.indexOf("--");
const other = dashes < 0 ? [] : process.argv.slice(dashes + 1);
const names = positionals.slice(0, positionals.length - other.length);
const chosen = other.length
  ? { [String(other[0]).replace(/.*\//, "")]: other }
  : Object.fromEntries(
      Object.entries(PROGRAMS).filter(([name]) => !names.length || names.includes(name)),
    );

try {
  assertGlibc(glibc, "lp64");
  const words = Array.from({ length: 200_000 }, (_, i) => ((i * 2654435761) >>> 0).toString(36));
  writeFileSync(WORDS, words.join("\n"));
  const library = compileRecorder();
  await withModule("src/cli/record/log.ts", async ({ readLog }) => {
    await withModule("tests/support/real-run.ts", async ({ compareRealRun }) => {
      for (const [name, [program = "", ...args]] of Object.entries(chosen)) {
        const path = pathOf(program);
        if (path === "") {
          console.log(`${name}: not here`);
          continue;
        }
        const folder = run(library, glibc, name, [path, ...args]);
        const logs = readdirSync(folder).map((file) => readLog(join(folder, file)));
        // The program itself, not what it starts, which runs under the machine's own glibc.
        const [log] = logs.filter(Boolean).sort((a, b) => a.pid - b.pid || a.turn - b.turn);
        if (log === undefined) {
          console.log(`${name}: nothing was recorded`);
          continue;
        }
        const options = { abi: "lp64", cores: availableParallelism() };
        const found = await compareRealRun(log, {
          ...options,
          ...(glibc === OWN ? {} : { glibc }),
        });
        const { difference, ...numbers } = found;
        if (difference) process.exitCode = 1;
        console.log(
          `${difference ? "DIFFERENT" : "same"} ${glibc} ${name} ${JSON.stringify(numbers)}` +
            (difference ? `\n  ${difference}` : ""),
        );
        if (values.keep && KEPT.includes(name) && !difference) {
          const out = `${goldenFolder(glibc)}real`;
          mkdirSync(out, { recursive: true });
          const bytes = readFileSync(log.path);
          const end = bytes.indexOf(0);
          const used = end < 0 ? bytes : bytes.subarray(0, end);
          writeFileSync(`${out}/${name}.log.gz`, gzipSync(used, { level: 9 }));
        }
      }
    });
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(FOLDER, { recursive: true });
}
