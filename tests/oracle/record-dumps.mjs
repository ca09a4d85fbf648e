#!/usr/bin/env node
// Records what native glibc has in its own memory at random points of the bundled traces:
// tests/golden/dumps/{ilp32,lp64}.json, lines and digests. Traces of several threads need the right
// to mount in a namespace, as root has. Usage:
//   node tests/oracle/record-dumps.mjs [--abi ABI] [--check]
//   node tests/oracle/record-dumps.mjs --show native|ours [--glibc VERSION] ABI TRACE AT
//   --abi     this layout alone
//   --check   compares with the goldens that are there, writes nothing
//   --show    prints the text of one point, of native glibc (--glibc: of another version) or of the
//             readers in src/inspect
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { digestOf, dumpNatively } from "./dumps.mjs";
import { withModule } from "./load-ts.mjs";
import { ABIS, buildNative, launcherOf, machine, OWN } from "./native.mjs";

const folder = fileURLToPath(new URL("../golden/dumps/", import.meta.url));
/** What points are drawn by, of each layout. */
const SEEDS = { ilp32: 32, lp64: 64 };
const POINTS = 50;
const THREADED_POINTS = 20;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    abi: { type: "string" },
    check: { type: "boolean", default: false },
    show: { type: "string" },
    glibc: { type: "string", default: OWN },
  },
});

/**
 * @param {string} abi
 * @param {readonly import("../inspect/points.js").Point[]} points
 * @returns {string} the golden
 */
function goldenOf(abi, points) {
  const recorded = points.map(({ trace, at }) => {
    const lines = dumpNatively(abi, trace, at);
    return JSON.stringify({ trace, at, lines: lines.length, sha256: digestOf(lines) });
  });
  const runner = launcherOf(buildNative("dump", abi)).at(-1) ?? "the kernel";
  const about = [...machine().trimEnd().split("\n"), `run by: ${runner}`];
  return `{
  "machine": ${JSON.stringify(about, undefined, 2).replaceAll("\n", "\n  ")},
  "points": [
    ${recorded.join(",\n    ")}
  ]
}
`;
}

/** @param {string} text */
const pointsOf = (text) => JSON.stringify(JSON.parse(text).points);

async function record() {
  let different = 0;
  await withModule("tests/inspect/points.ts", ({ drawPoints, traceNames }) => {
    for (const abi of ABIS) {
      if (values.abi && values.abi !== abi) continue;
      const seed = SEEDS[abi];
      const golden = goldenOf(abi, [
        ...drawPoints(seed, traceNames(false), POINTS),
        ...drawPoints(seed, traceNames(true), THREADED_POINTS),
      ]);
      const file = `${folder}${abi}.json`;
      if (values.check) {
        const isSame = pointsOf(readFileSync(file, "utf8")) === pointsOf(golden);
        if (!isSame) different++;
        console.log(`${isSame ? "same" : "DIFFERENT"} ${abi}`);
        continue;
      }
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, golden);
      console.log(`${abi}: ${POINTS} points, and ${THREADED_POINTS} of several threads`);
    }
  });
  if (different) process.exitCode = 1;
}

async function show() {
  const [abi = "", trace = "", at = ""] = positionals;
  if (!at) throw new Error("which point? ABI TRACE AT");
  if (values.show === "native") {
    process.stdout.write(`${dumpNatively(abi, trace, Number(at), values.glibc).join("\n")}\n`);
    return;
  }
  await withModule("tests/inspect/moments.ts", ({ momentsOf }) => {
    for (const { lines } of momentsOf(trace, abi, [Number(at)]))
      process.stdout.write(`${lines.join("\n")}\n`);
  });
}

await (values.show === undefined ? record() : show());
