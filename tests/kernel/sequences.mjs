#!/usr/bin/env node
// Compares random sequences of system calls, WebAssembly against this machine's kernel, or records
// some. Usage: node tests/kernel/sequences.mjs [--kind KIND] [--first SEED] [--count N] [--steps N]
// [--abi ilp32|lp64] [--show N]
//        node tests/kernel/sequences.mjs --record [--kind KIND]
//   --kind    mapping, lock, break, limit, count, touch, seal, policy, remap, files, guard or
//             guardup; all by default
//   --show    how many differences are printed in full (10)
//   --record  writes tests/kernel/golden/sequences/KIND.txt.gz and histogram.json (of all of them)
//             instead
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { withModule } from "../oracle/load-ts.mjs";
import { ABIS, buildNative } from "../oracle/native.mjs";

/** How many sequences of each kind are stored. */
const STORED = {
  mapping: 60,
  lock: 90,
  break: 30,
  limit: 30,
  count: 20,
  touch: 70,
  seal: 90,
  policy: 80,
  remap: 30,
  files: 240,
  guard: 500,
  guardup: 100,
};
const BATCH = 200;

const { values } = parseArgs({
  options: {
    kind: { type: "string" },
    first: { type: "string", default: "1001" },
    count: { type: "string", default: "100" },
    steps: { type: "string", default: "50" },
    abi: { type: "string" },
    show: { type: "string", default: "10" },
    record: { type: "boolean", default: false },
  },
});
/** The programs. */
const programs = {
  sequences: buildNative("sequences", "lp64", "tests/kernel/native"),
  files: buildNative("files", "lp64", "tests/kernel/native"),
  guard: buildNative("guard", "lp64", "tests/kernel/native"),
};
const kinds = Object.keys(STORED).filter((kind) => !values.kind || kind === values.kind);
const abis = ABIS.filter((abi) => !values.abi || abi === values.abi);

/**
 * The program for a kind, and its first argument: where it may make files, or a layout.
 * @param {string} kind
 * @returns {[string, string]}
 */
function programFor(kind) {
  if (kind === "files") return [programs.files, tmpdir()];
  if (kind.startsWith("guard")) return [programs.guard, kind === "guard" ? "down" : "up"];
  return [programs.sequences, kind];
}

/**
 * @param {string} kind
 * @param {number} first
 * @param {number} count
 */
function native(kind, first, count) {
  const [program, about] = programFor(kind);
  const args = [about, String(first), String(count), values.steps];
  const run = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 30 });
  if (run.status !== 0) throw new Error(`${program} ${args.join(" ")}: ${run.stderr}`);
  return run.stdout;
}

/** @param {(text: string) => Record<string, number>} count */
function record(count) {
  const folder = fileURLToPath(new URL("golden/sequences", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const kernel = execFileSync("uname", ["-r"], { encoding: "utf8" }).trim().replace(/-.*/, "");
  const head = `# Recorded on Linux ${kernel}, x86-64.\n`;
  for (const [kind, number] of Object.entries(STORED)) {
    if (!kinds.includes(kind)) continue;
    const text = native(kind, 1, number);
    writeFileSync(`${folder}/${kind}.txt.gz`, gzipSync(head + text, { level: 9 }));
  }
  const stored = readdirSync(folder).filter((file) => file.endsWith(".txt.gz"));
  const all = stored.map((file) =>
    gunzipSync(readFileSync(`${folder}/${file}`))
      .toString("latin1")
      .replace(/^#.*\n/, ""),
  );
  writeFileSync(`${folder}/histogram.json`, `${JSON.stringify(count(all.join("")), null, 2)}\n`);
}

await withModule("tests/kernel/support/bulk.ts", ({ histogram, parseSequences, replaysOf }) => {
  if (values.record) {
    record((text) => histogram(parseSequences(text)));
    return;
  }
  let shown = Number(values.show);
  const [first, count] = [Number(values.first), Number(values.count)];
  for (const kind of kinds) {
    /** @type {Record<string, number>} */
    const different = Object.fromEntries(abis.map((abi) => [abi, 0]));
    for (let seed = first; seed < first + count; seed += BATCH) {
      const text = native(kind, seed, Math.min(BATCH, first + count - seed));
      for (const replay of replaysOf(kind, text)) {
        for (const abi of abis) {
          const difference = replay(abi);
          if (difference === undefined) continue;
          different[abi] = (different[abi] ?? 0) + 1;
          process.exitCode = 1;
          if (shown-- > 0) console.log(`${abi} ${JSON.stringify(difference, null, 1)}`);
        }
      }
    }
    console.log(
      `${kind}: ${count} sequences of ${values.steps}; different: ${JSON.stringify(different)}`,
    );
  }
});
