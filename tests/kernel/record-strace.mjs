#!/usr/bin/env node
// Records which memory system calls native glibc makes for a trace: NAME.log.gz in
// tests/kernel/golden/strace, from strace of the 32-bit native/replay.c. Needs gcc -m32, glibc 2.36
// and strace. Usage: node tests/kernel/record-strace.mjs [--check] FILE.rep.gz...
//   --check  compares with what is stored, writes nothing
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { withModule } from "../oracle/load-ts.mjs";
import { buildNative } from "../oracle/native.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: "boolean", default: false } },
});
if (!positionals.length) throw new Error("which traces? FILE.rep.gz");
const folder = fileURLToPath(new URL("golden/strace", import.meta.url));
const program = buildNative("replay", "ilp32");

/**
 * What strace writes while the program replays a trace.
 * @param {Buffer} trace
 */
function straced(trace) {
  const work = mkdtempSync(join(tmpdir(), "ptmalloc-strace-"));
  try {
    const output = join(work, "log");
    const filter = "trace=brk,mmap2,munmap,mremap";
    // As in strace's manual: only the calls asked for stop the program.
    const args = ["-f", "--seccomp-bpf", "-e", filter, "-o", output, program, "--hash", "-"];
    const run = spawnSync("strace", args, { input: trace, env: {}, maxBuffer: 1 << 28 });
    if (run.status !== 0) throw new Error(`strace failed: ${run.stderr || String(run.error)}`);
    return readFileSync(output, "latin1").replace(/^\d+ +/gm, "");
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

await withModule("tests/kernel/support/strace-log.ts", ({ logOfStrace }) => {
  mkdirSync(folder, { recursive: true });
  for (const file of positionals) {
    const name = basename(file).replace(/\.rep\.gz$/, "");
    const lines = logOfStrace(straced(gunzipSync(readFileSync(file))));
    const text = `${lines.join("\n")}\n`;
    const path = `${folder}/${name}.log.gz`;
    if (values.check) {
      const same = gunzipSync(readFileSync(path)).toString("latin1") === text;
      if (!same) process.exitCode = 1;
      console.log(`${same ? "same" : "DIFFERENT"} ${name}`);
      continue;
    }
    writeFileSync(path, gzipSync(text, { level: 9 }));
    console.log(`${name}: ${lines.length} calls`);
  }
});
