// Records what Linux and strace themselves write, for the tests beside this folder:
//   node tests/kernel/record-texts.mjs
// Needs gcc -m32 and strace 6.1. Each recording begins with the kernel's and strace's versions.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { buildNative } from "../oracle/native.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const golden = fileURLToPath(new URL("./golden/texts/", import.meta.url));
const kernel = execFileSync("uname", ["-r"], { encoding: "utf8" }).trim().split("-", 1)[0];
const strace = execFileSync("strace", ["--version"], { encoding: "utf8" }).split("\n", 1)[0];
const TRACED =
  "brk,mmap,mmap2,munmap,mremap,mprotect,madvise,msync,mincore,mlock,mlock2,munlock,mlockall," +
  "munlockall,getrlimit,setrlimit,ugetrlimit,prlimit64,close,pread64,pwrite64,ftruncate,ftruncate64," +
  "fsync,fdatasync,mbind,remap_file_pages,prctl,getpid,gettid";
/** @type {Record<string, string>} */
const bitsOf = { ilp32: "-m32", lp64: "-m64" };
const scratch = mkdtempSync(join(tmpdir(), "kernel-golden-"));

/**
 * @param {string} source name of a C file beside this one
 * @param {string} abi
 * @returns {string} the path of the program
 */
function build(source, abi) {
  const program = join(scratch, `${source}.${abi}`);
  execFileSync("gcc", [
    "-O1",
    "-Wall",
    bitsOf[abi] ?? "",
    "-o",
    program,
    join(here, "native", source),
  ]);
  return program;
}

/**
 * @param {string} name
 * @param {string} text
 */
function write(name, text) {
  writeFileSync(join(golden, name), gzipSync(text, { level: 9 }));
}

/**
 * Each line: a call in numbers, a tab, and strace's line of it.
 * @param {string} abi
 */
function recordCalls(abi) {
  const numbers = join(scratch, "numbers");
  const lines = join(scratch, "lines");
  const program = build("strace-calls.c", abi);
  execFileSync("setarch", ["-R", "strace", "-o", lines, "-e", `trace=${TRACED}`, program, numbers]);
  const calls = readFileSync(numbers, "utf8").trimEnd().split("\n");
  const texts = readFileSync(lines, "utf8").trimEnd().split("\n").slice(0, -1);
  // What ran before main() is not among the numbers.
  const pairs = calls.map((call, i) => `${call}\t${texts[texts.length - calls.length + i]}`);
  write(`strace.${abi}.txt.gz`, [`# Linux ${kernel}, ${strace}`, ...pairs, ""].join("\n"));
}

/** @param {string} abi */
function recordTexts(abi) {
  const text = execFileSync("setarch", ["-R", build("proc-texts.c", abi)], { encoding: "utf8" });
  const isMemory = /^(Vm|Rss|HugetlbPages)/;
  const [before, status = "", after] = text.split(/(?<=== status\n)|(?=== statm\n)/);
  const lines = status.split("\n").filter((line) => isMemory.test(line));
  write(`proc.${abi}.txt.gz`, `# Linux ${kernel}\n${before}${lines.join("\n")}\n${after}`);
}

/** strace's table of counts, with its times set to what a model that keeps no time has: nought. */
function recordCounts() {
  const program = build("strace-calls.c", "lp64");
  for (const sort of ["calls", "name"]) {
    const options = ["-c", "-S", sort, "-e", "trace=%memory,prlimit64,setrlimit,prctl"];
    const { stderr } = spawnSync("strace", [...options, program, join(scratch, "numbers")], {
      encoding: "utf8",
    });
    const lines = stderr
      .split("\n")
      .map((line) =>
        line.replace(/^ *[\d.]+ +[\d.]+ +\d+(?= )/, (all) =>
          all.startsWith("100.00")
            ? "100.00    0.000000           0"
            : "  0.00    0.000000           0",
        ),
      );
    write(`strace-counts.${sort}.txt.gz`, lines.join("\n"));
  }
}

/**
 * What native malloc asks of the kernel while it runs the bundled traces. The oracle moves the
 * break to a multiple of 16 MiB before the first operation; what comes before and that call itself
 * are left out.
 * @param {string} abi
 */
function recordMalloc(abi) {
  const program = buildNative("replay", abi);
  const traces = fileURLToPath(new URL("../../traces/", import.meta.url));
  const sections = readdirSync(traces).map((file) => {
    const trace = join(scratch, "trace.rep");
    const lines = join(scratch, "lines");
    writeFileSync(trace, gunzipSync(readFileSync(join(traces, file))));
    const calls = "trace=brk,mmap,mmap2,munmap,mremap,madvise,mprotect";
    const options = ["--hash", "--sample", "1000000000", trace];
    execFileSync("strace", ["-o", lines, "-e", calls, program, ...options], { env: {} });
    const all = readFileSync(lines, "utf8").trimEnd().split("\n").slice(0, -1);
    const begin = all.findIndex((line) => /^brk\(0x[0-9a-f]+000000\) .*= 0x/.test(line));
    return [`== ${file.replace(/\.rep\.gz$/, "")}`, ...all.slice(begin)].join("\n");
  });
  write(`malloc.${abi}.txt.gz`, [`# Linux ${kernel}, ${strace}`, ...sections, ""].join("\n"));
}

for (const abi of Object.keys(bitsOf)) {
  recordCalls(abi);
  recordTexts(abi);
  recordMalloc(abi);
}
recordCounts();
rmSync(scratch, { recursive: true });
