#!/usr/bin/env node
// Runs heap scripts on the WebAssembly side and shows where they differ from the goldens. Usage:
// node tests/oracle/compare.mjs [--all] [NAME[:CASE]...] --all: whole outputs, not only the first
// difference
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseCases } from "./cases.mjs";
import { withModule } from "./load-ts.mjs";
import { ABIS } from "./native.mjs";

const folder = fileURLToPath(new URL("../golden/scripts/", import.meta.url));
const all = process.argv.includes("--all");
const wanted = process.argv.slice(2).filter((a) => a !== "--all");
const read = (/** @type {string} */ name) => parseCases(readFileSync(`${folder}${name}`, "utf8"));

await withModule("tests/oracle/script-runner.ts", ({ runScript }) => {
  let different = 0;
  let same = 0;
  for (const abi of ABIS) {
    for (const file of readdirSync(folder).filter((f) => f.endsWith(".script"))) {
      const stem = file.replace(/\.script$/, "");
      const goldens = new Map(read(`${abi}/${stem}.out`).map((one) => [one.name, one.body]));
      for (const one of read(file)) {
        if ((one.abi && one.abi !== abi) || one.needs) continue;
        if (wanted.length && !wanted.includes(stem) && !wanted.includes(`${stem}:${one.name}`))
          continue;
        const ours = runScript(one.body, abi, { tunables: one.tunables }).split("\n");
        const native = (goldens.get(one.name) ?? "").split("\n");
        const at = ours.findIndex(
          (/** @type {string} */ line, /** @type {number} */ i) => line !== native[i],
        );
        if (at < 0 && ours.length === native.length) {
          same++;
          continue;
        }
        different++;
        console.log(`== ${stem}:${one.name} (${abi}, line ${at + 1})`);
        console.log(
          all
            ? `native:\n${native.join("\n")}wasm:\n${ours.join("\n")}`
            : `  native: ${native[at]}\n  wasm:   ${ours[at]}`,
        );
      }
    }
  }
  console.log(`${same} the same, ${different} different`);
});
