#!/usr/bin/env node
// Runs heap scripts on the WebAssembly side and shows where they differ from the goldens. Usage:
// node tests/oracle/compare.mjs [--glibc VERSION] [--all] [NAME[:CASE]...]
//   --glibc VERSION  another version's goldens, and its build here
//   --all            whole outputs, not only the first difference
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { appliesTo, parseCases } from "./cases.mjs";
import { goldenFolder } from "./glibc.mjs";
import { withModule } from "./load-ts.mjs";
import { ABIS, OWN } from "./native.mjs";

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    glibc: { type: "string", default: OWN },
    all: { type: "boolean", default: false },
  },
});
const { all, glibc } = values;
const scripts = fileURLToPath(new URL("../golden/scripts/", import.meta.url));
const goldens = `${goldenFolder(glibc)}scripts/`;
let different = 0;
let same = 0;

/** @param {string} path */
const read = (path) => (existsSync(path) ? parseCases(readFileSync(path, "utf8")) : []);

/** @param {() => string} run @returns {string} its result, or its error in words */
function outcomeOf(run) {
  try {
    return run();
  } catch (error) {
    return String(error);
  }
}

/**
 * @param {string} title
 * @param {string[]} ours
 * @param {string[]} native
 */
function compare(title, ours, native) {
  const at = ours.findIndex((line, i) => line !== native[i]);
  if (at < 0 && ours.length === native.length) {
    same++;
    return;
  }
  different++;
  console.log(`== ${title}, line ${at + 1})`);
  console.log(
    all
      ? `native:\n${native.join("\n")}wasm:\n${ours.join("\n")}`
      : `  native: ${native[at]}\n  wasm:   ${ours[at]}`,
  );
}

await withModule("tests/oracle/script-runner.ts", ({ runScript }) => {
  for (const abi of ABIS) {
    for (const file of readdirSync(scripts).filter((f) => f.endsWith(".script"))) {
      const stem = file.replace(/\.script$/, "");
      const recorded = new Map(
        read(`${goldens}${abi}/${stem}.out`).map((one) => [one.name, one.body]),
      );
      for (const one of read(`${scripts}${file}`)) {
        const native = recorded.get(one.name);
        if (!appliesTo(one, abi, glibc) || one.needs || native === undefined) continue;
        const isWanted = wanted.includes(stem) || wanted.includes(`${stem}:${one.name}`);
        if (wanted.length && !isWanted) continue;
        const ours = outcomeOf(() => runScript(one.body, abi, { tunables: one.tunables, glibc }));
        compare(`${stem}:${one.name} (${abi}`, ours.split("\n"), native.split("\n"));
      }
    }
  }
  console.log(`${same} the same, ${different} different`);
});
