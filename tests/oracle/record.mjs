#!/usr/bin/env node
// Records what native glibc gives for every heap script:
// tests/golden/scripts/{ilp32,lp64}/NAME.out. Usage: node tests/oracle/record.mjs [--print]
// [NAME[:CASE]...] (all files without names)
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseCases } from "./cases.mjs";
import { ABIS, buildNative, machine, runNative } from "./native.mjs";

const folder = fileURLToPath(new URL("../golden/scripts/", import.meta.url));
const args = process.argv.slice(2).filter((a) => a !== "--print");
const print = process.argv.includes("--print");
const wanted = args.map((a) => a.split(":"));
const files = readdirSync(folder)
  .filter((f) => f.endsWith(".script"))
  .map((f) => f.replace(/\.script$/, ""))
  .filter((f) => wanted.length === 0 || wanted.some(([name]) => name === f));

const tally = new Map();
for (const abi of ABIS) {
  const program = buildNative("script", abi);
  mkdirSync(`${folder}${abi}`, { recursive: true });
  for (const file of files) {
    let text = "";
    for (const one of parseCases(readFileSync(`${folder}${file}.script`, "utf8"))) {
      if (one.abi && one.abi !== abi) continue;
      if (print && !wanted.some(([name, only]) => name === file && (!only || only === one.name)))
        continue;
      let output;
      try {
        output = runNative(program, ["-"], one.body, one.tunables);
      } catch (error) {
        throw new Error(`${file}.script, case "${one.name}", ${abi}`, { cause: error });
      }
      text += `== ${one.name}\n${output}`;
      const end = output.trimEnd().split("\n").at(-1) ?? "";
      tally.set(end, (tally.get(end) ?? 0) + 1);
    }
    if (print) process.stdout.write(`---- ${abi}\n${text}`);
    else writeFileSync(`${folder}${abi}/${file}.out`, text);
  }
}
if (!print) {
  if (wanted.length === 0) writeFileSync(`${folder}RECORDED.txt`, machine());
  for (const [end, count] of [...tally].sort()) console.log(`${String(count).padStart(5)}  ${end}`);
}
