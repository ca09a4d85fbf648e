#!/usr/bin/env node
// Compares random heap scripts, WebAssembly against native glibc, and prints the first differing
// line of each seed that differs. Usage: node tests/oracle/fuzz.mjs [--seeds FIRST-LAST] [--abi
// ilp32|lp64] [--build core|checked] [--corrupt] [--save]
//   --corrupt  scripts that damage their heap; where native glibc gets SIGSEGV, only what comes
//              before is compared
//   --glibc VERSION  against another version than 2.36 (glibc.mjs), and its build here
//   --threads  traces of several threads (native/threads.c)
//   --traces   long traces of one thread: every block's address and size, mallinfo2, the break
//   --operations N  their length (default: 20000)
//   --save   records the hashes of native glibc's outputs for tests/fuzz/smoke.test.ts instead of
//            comparing; with --traces those of seeds from 0 on for tests/fuzz/traces.test.ts
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { withModule } from "./load-ts.mjs";
import { ABIS, buildNative, OWN, runNative } from "./native.mjs";
import { runThreadsNatively } from "./threads.mjs";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "0-499" },
    abi: { type: "string" },
    build: { type: "string", default: "core" },
    verbose: { type: "boolean", default: false },
    show: { type: "boolean", default: false },
    corrupt: { type: "boolean", default: false },
    threads: { type: "boolean", default: false },
    traces: { type: "boolean", default: false },
    operations: { type: "string", default: "20000" },
    save: { type: "boolean", default: false },
    glibc: { type: "string", default: OWN },
  },
});
const { glibc } = values;
const [first = 0, last = first] = values.seeds.split("-").map(Number);
const abis = ABIS.filter((abi) => !values.abi || values.abi === abi);
const programs = new Map(abis.map((abi) => [abi, buildNative("script", abi, undefined, glibc)]));

/** Compares traces of several threads. */
async function compareThreads() {
  await withModule("tests/fuzz/threads.ts", async ({ generateThreads, runThreads }) => {
    let done = 0;
    let different = 0;
    for (let seed = first; seed <= last; seed++) {
      for (const abi of abis) {
        const script = generateThreads(seed, abi);
        const native = runThreadsNatively(abi, script.text, { ...script, glibc });
        const build = values.build === "checked" ? "checked" : "replay";
        const ours = outcomeOf(() => runThreads(script.text, abi, { ...script, build, glibc }));
        done++;
        if (ours === native) continue;
        different++;
        const rules = `${script.tunables || "(no tunables)"} cores=${script.cores}`;
        console.log(`seed ${seed} ${abi} ${rules}: ${firstDifference(ours, native)}`);
      }
    }
    console.log(`${done} runs, ${different} different`);
    if (different) process.exitCode = 1;
  });
}

/**
 * Keeps the hashes of a version's traces, of seeds from 0 on.
 * @param {number} operations
 * @param {Record<string, string[]>} hashes by layout
 */
function saveTraces(operations, hashes) {
  const file = fileURLToPath(new URL("../fuzz/traces.json", import.meta.url));
  const all = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  all[glibc] = { operations, ...hashes };
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
}

/** Compares long traces. */
async function compareTraces() {
  const operations = Number(values.operations);
  const replays = new Map(abis.map((abi) => [abi, buildNative("replay", abi, undefined, glibc)]));
  /** @type {Record<string, string[]>} */
  const hashes = {};
  await withModule("tests/fuzz/traces.ts", async ({ generateTrace, replayText, digest }) => {
    let done = 0;
    let different = 0;
    for (let seed = first; seed <= last; seed++) {
      const { text, tunables } = generateTrace(seed, operations);
      for (const abi of abis) {
        const program = replays.get(abi) ?? "";
        const native = runNative(program, ["--sizes", "-"], text, tunables, glibc);
        if (values.save) (hashes[abi] ??= []).push(digest(native));
        const ours = values.save
          ? native
          : outcomeOf(() => replayText(text, { abi, tunables, glibc }));
        done += operations;
        if (ours === native) continue;
        different++;
        const rules = tunables || "(no tunables)";
        console.log(`seed ${seed} ${abi} ${rules}: ${firstDifference(ours, native)}`);
      }
    }
    console.log(`${done} operations under glibc ${glibc}, ${different} traces differ`);
    if (values.save) saveTraces(operations, hashes);
    if (different) process.exitCode = 1;
  });
}

/**
 * @param {string} ours
 * @param {string} native
 */
function firstDifference(ours, native) {
  const [a, b] = [ours.split("\n"), native.split("\n")];
  const at = a.findIndex((line, i) => line !== b[i]);
  return `line ${at + 1}\n  native: ${b[at]}\n  wasm:   ${a[at]}`;
}

async function compareScripts() {
  await withModule(
    "tests/fuzz/bulk.ts",
    ({ generate, generateCorrupt, meaningfulLines, agrees, runScript, digest }) => {
      /** @type {Record<string, Record<string, string>>} */
      const hashes = {};
      let different = 0;
      let done = 0;
      const ends = new Map();
      for (let seed = first; seed <= last; seed++) {
        const { tunables, body } = values.corrupt
          ? generateCorrupt(seed, undefined, glibc)
          : generate(seed);
        if (values.show) console.log(`# tunables: ${tunables}\n${body}`);
        for (const abi of abis) {
          const native = runNative(programs.get(abi) ?? "", ["-"], body, tunables, glibc);
          const end = native.trimEnd().split("\n").at(-1);
          ends.set(end, (ends.get(end) ?? 0) + 1);
          done++;
          if (values.verbose) console.error(`${seed} ${abi}: ${end}`);
          if (values.save) {
            (hashes[abi] ??= {})[seed] = digest(native);
            continue;
          }
          // Damage makes addresses into sizes: the heap begins where it does natively (lp64
          // cannot).
          const startBrk = values.corrupt && abi === "ilp32" ? 0x58000000 : undefined;
          let ours;
          try {
            ours = runScript(body, abi, {
              tunables,
              build: values.build,
              startBrk,
              glibc,
              limit: meaningfulLines(native),
            });
          } catch (error) {
            ours = `${error}\n`;
          }
          if (agrees(ours, native)) continue;
          different++;
          console.log(
            `seed ${seed} ${abi} ${tunables || "(no tunables)"}: ${firstDifference(ours, native)}`,
          );
        }
      }
      if (values.save) {
        const file = fileURLToPath(new URL("../fuzz/smoke.json", import.meta.url));
        writeFileSync(file, `${JSON.stringify(hashes, null, 1)}\n`);
      }
      console.log(
        `${done} runs, ${different} different; native ends: ${JSON.stringify([...ends])}`,
      );
      if (different) process.exitCode = 1;
    },
  );
}

if (values.threads) await compareThreads();
else if (values.traces) await compareTraces();
else await compareScripts();

/** @param {() => string} run @returns what it returns, or its error in words */
function outcomeOf(run) {
  try {
    return run();
  } catch (error) {
    return String(error);
  }
}
