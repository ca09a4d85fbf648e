#!/usr/bin/env node
// Records what native glibc does with traces of several threads: {ilp32,lp64}/NAME.out.gz in
// tests/golden/threads, and for random ones the traces themselves; of another version in
// tests/golden/glibc-VERSION/threads, with the same traces. Needs the right to mount in a namespace
// (for the number of cores), as root has. Usage: node tests/oracle/record-threads.mjs
// [--glibc VERSION] [--abi ABI] [--check]
//   --check  compares with the goldens that are there, writes nothing
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { goldenFolder, recordedFile } from "./glibc.mjs";
import { withModule } from "./load-ts.mjs";
import { ABIS, buildNative, launcherOf, machine, OWN } from "./native.mjs";
import { runThreadsNatively } from "./threads.mjs";

const { values } = parseArgs({
  options: {
    glibc: { type: "string", default: OWN },
    abi: { type: "string" },
    check: { type: "boolean", default: false },
  },
});
const { glibc, check: isCheck } = values;
const abis = ABIS.filter((abi) => !values.abi || values.abi === abi);
const folder = `${goldenFolder(glibc)}threads/`;
const traces = `${goldenFolder(OWN)}threads/traces/`;
const programs = new URL("../../traces/threads/", import.meta.url);
/** About how many lines of the address log are kept. */
const LINES = glibc === OWN ? 300 : 100;
const SEEDS = 40;
/** Real programs, each under all of these. */
const VARIANTS = {
  "": { tunables: "", cores: 2, mallopts: [] },
  "@cores1": { tunables: "", cores: 1, mallopts: [] },
  "@arenas1": { tunables: "glibc.malloc.arena_max=1", cores: 2, mallopts: [] },
  "@arenas2": { tunables: "", cores: 2, mallopts: [[-8, 2]] },
  "@tcache0": { tunables: "glibc.malloc.tcache_count=0", cores: 2, mallopts: [] },
};
let different = 0;

/**
 * @param {string} name
 * @param {string} abi
 * @param {string} trace its name, when another
 * @param {string} text
 * @param {any} settings
 */
function record(name, abi, trace, text, settings) {
  const { tunables, cores, mallopts } = settings;
  const ops = text.split("\n").filter((line) => /^[acmrf] /.test(line)).length;
  const sample = Math.max(1, Math.ceil(ops / LINES));
  const calls = mallopts.map((/** @type {number[]} */ pair) => pair.join("=")).join(" ");
  const head =
    `trace ${trace}\nlayout ${abi}\ntunables ${tunables || "-"}\ncores ${cores}\n` +
    `mallopt ${calls || "-"}\nops ${ops}\nsample ${sample}\n\n`;
  const golden = head + runThreadsNatively(abi, text, { ...settings, glibc }, sample);
  const file = `${folder}${abi}/${name}.out.gz`;
  if (isCheck) {
    const same = gunzipSync(readFileSync(file)).toString("latin1") === golden;
    if (!same) different++;
    if (!same) console.log(`DIFFERENT ${abi} ${name}`);
    return;
  }
  mkdirSync(`${folder}${abi}`, { recursive: true });
  writeFileSync(file, gzipSync(golden, { level: 9 }));
}

await withModule("tests/fuzz/threads.ts", ({ generateThreads }) => {
  for (const abi of abis) {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const script = generateThreads(seed, abi);
      const name = `seed${String(seed).padStart(2, "0")}`;
      const trace = `${name}.${abi}`;
      const file = `${traces}${trace}.rep.gz`;
      if (!isCheck && glibc === OWN) writeFileSync(file, gzipSync(script.text, { level: 9 }));
      record(name, abi, trace, gunzipSync(readFileSync(file)).toString("latin1"), script);
    }
    for (const file of readdirSync(programs)) {
      const name = file.replace(/\.rep\.gz$/, "");
      const text = gunzipSync(readFileSync(new URL(file, programs))).toString("latin1");
      for (const [variant, settings] of Object.entries(VARIANTS))
        record(name + variant, abi, name, text, settings);
    }
  }
});

/** What glibc says when what threads share is damaged: the cases of native/thread-aborts.c. */
function recordAborts() {
  const cases = [
    ...["malloc_arena", "memalign_arena", "fastbin", "heap_arena", "heap_fence"],
    ...["shutdown", "arena_left", "arena_free", "arena_replaced"],
  ];
  let text = "";
  for (const abi of ABIS) {
    const program = buildNative("thread-aborts", abi, undefined, glibc);
    const [command = program, ...front] = [...launcherOf(program, glibc), program];
    const env = command === program ? {} : { PATH: process.env["PATH"] };
    for (const name of cases) {
      const run = spawnSync(command, [...front, name], { env, encoding: "utf8" });
      // The program has no such case in this version.
      if (run.status === 2) continue;
      // An emulator has words of its own about a program that dies.
      const said = run.stderr.replace(/^qemu: uncaught.*$/m, "").trimEnd();
      text += `${abi} ${name} ${said || (run.signal ?? "exit 0")}\n`;
    }
  }
  const file = `${folder}aborts.txt`;
  if (!isCheck) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    different++;
    console.log("DIFFERENT aborts.txt");
  }
}

recordAborts();
if (!isCheck) writeFileSync(recordedFile(glibc, "threads"), machine(glibc));
console.log(different ? `${different} different` : isCheck ? "all the same" : "recorded");
if (different) process.exitCode = 1;
