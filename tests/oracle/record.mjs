#!/usr/bin/env node
// Records what native glibc gives for every heap script: {ilp32,lp64}/NAME.out in
// tests/golden/scripts, or of another version in tests/golden/glibc-VERSION/scripts. Usage:
// node tests/oracle/record.mjs [--glibc VERSION] [--check] [--print] [NAME[:CASE]...]
// (all files without names)
//   --glibc VERSION  the version to run under (glibc.mjs)
//   --check          compares with the goldens that are there, writes nothing
//   --print          prints the outputs, writes nothing
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { appliesTo, parseCases } from "./cases.mjs";
import { ABIS, buildNative, launcherOf, machine, OWN, runNative } from "./native.mjs";
import { goldenFolder, recordedFile } from "./glibc.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    glibc: { type: "string", default: OWN },
    abi: { type: "string" },
    check: { type: "boolean", default: false },
    print: { type: "boolean", default: false },
  },
});
const scripts = fileURLToPath(new URL("../golden/scripts/", import.meta.url));
const folder = `${goldenFolder(values.glibc)}scripts/`;
const wanted = positionals.map((name) => name.split(":"));
const files = readdirSync(scripts)
  .filter((f) => f.endsWith(".script"))
  .map((f) => f.replace(/\.script$/, ""))
  .filter((f) => wanted.length === 0 || wanted.some(([name]) => name === f));

const tally = new Map();
let different = 0;

/**
 * @param {string} program
 * @param {string} abi
 * @param {string} file
 * @returns {string} the outputs of a file's cases; empty where none is for this version
 */
function outputsOf(program, abi, file) {
  const isEmulated = launcherOf(program, values.glibc).includes("qemu-i386");
  const path = `${folder}${abi}/${file}.out`;
  const old = parseCases(existsSync(path) ? readFileSync(path, "utf8") : "");
  let text = "";
  for (const one of parseCases(readFileSync(`${scripts}${file}.script`, "utf8"))) {
    if (!appliesTo(one, abi, values.glibc)) continue;
    if (one.isKernels && isEmulated) {
      // Stays as it is, if it was ever recorded.
      const before = old.find(({ name }) => name === one.name);
      if (before && !values.print) text += `== ${one.name}\n${before.body}`;
      continue;
    }
    const isWanted = wanted.some(([name, only]) => name === file && (!only || only === one.name));
    if (values.print && !isWanted) continue;
    let output;
    try {
      output = runNative(program, ["-"], one.body, one.tunables, values.glibc);
    } catch (error) {
      throw new Error(`${file}.script, case "${one.name}", ${abi}`, { cause: error });
    }
    text += `== ${one.name}\n${output}`;
    const end = output.trimEnd().split("\n").at(-1) ?? "";
    tally.set(end, (tally.get(end) ?? 0) + 1);
  }
  return text;
}

/** @param {string} path @param {string} text */
function compare(path, text) {
  const golden = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (golden === text) return;
  different++;
  const [was, is] = [golden.split("\n"), text.split("\n")];
  const at = is.findIndex((line, i) => line !== was[i]);
  const name = is.slice(0, at + 1).findLast((line) => line.startsWith("== ")) ?? "";
  console.log(`DIFFERENT ${path} ${name}\n  golden: ${was[at]}\n  now:    ${is[at]}`);
}

for (const abi of ABIS.filter((one) => !values.abi || one === values.abi)) {
  const program = buildNative("script", abi, undefined, values.glibc);
  if (!values.check && !values.print) mkdirSync(`${folder}${abi}`, { recursive: true });
  for (const file of files) {
    const path = `${folder}${abi}/${file}.out`;
    const text = outputsOf(program, abi, file);
    if (values.print) process.stdout.write(`---- ${abi}\n${text}`);
    else if (values.check) compare(path, text);
    else if (text) writeFileSync(path, text);
    else rmSync(path, { force: true });
  }
}
if (!values.print && !values.check) {
  if (wanted.length === 0 && !values.abi)
    writeFileSync(recordedFile(values.glibc, "scripts"), machine(values.glibc));
  for (const [end, count] of [...tally].sort()) console.log(`${String(count).padStart(5)}  ${end}`);
}
if (values.check) console.log(`scripts: ${different} files different`);
if (different) process.exitCode = 1;
