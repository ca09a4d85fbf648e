#!/usr/bin/env node
// Records where native glibc puts every block of a trace: NAME.hash and NAME.addr.gz in
// tests/golden/{ilp32,lp64}, the goldens of the conformance tests. Usage: node
// tests/oracle/record-traces.mjs [--glibc VERSION] [--out DIR] [--sample K]
// [--variant NAME=TUNABLES] [--check] [FILE.rep[.gz]...]
//   --glibc VERSION the version to run under (glibc.mjs); the goldens are then in
//                   tests/golden/glibc-VERSION
//   --out DIR       another folder than that
//   --sample K      which operations the address log has (default: so that it has about 20,000
//                   lines; 1,000 with another version)
//   --variant X=T   records NAME@X under GLIBC_TUNABLES=T
//   --check         compares with the goldens that are there, writes nothing
// Without files: the traces and variants that 2.36's goldens are of.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { goldenFolder, recordedFile } from "./glibc.mjs";
import { ABIS, buildNative, machine, OWN, runNative } from "./native.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    glibc: { type: "string", default: OWN },
    out: { type: "string" },
    sample: { type: "string" },
    variant: { type: "string" },
    check: { type: "boolean", default: false },
  },
});
const { glibc } = values;
const out = values.out ? `${values.out}/` : goldenFolder(glibc);
const linesMost = glibc === OWN ? 20000 : 1000;
let different = 0;

/**
 * What to record.
 * @typedef {object} Recording
 * @property {string} file the trace
 * @property {string} name of the golden
 * @property {string} tunables
 */

/** @returns {Recording[]} what 2.36's goldens are of */
function allRecordings() {
  const folder = `${goldenFolder(OWN)}ilp32/`;
  return readdirSync(folder)
    .filter((name) => name.endsWith(".hash"))
    .map((entry) => {
      const name = entry.replace(/\.hash$/, "");
      const tunables = /^tunables (.*)$/m.exec(readFileSync(`${folder}${entry}`, "latin1"))?.[1];
      const trace = new URL(`../../traces/${name.replace(/@.*/, "")}.rep.gz`, import.meta.url);
      return {
        file: fileURLToPath(trace),
        name,
        tunables: tunables === "-" ? "" : (tunables ?? ""),
      };
    });
}

/** @returns {Recording[]} what the command line names */
function namedRecordings() {
  const [variant = "", ...rest] = (values.variant ?? "").split("=");
  return positionals.map((file) => ({
    file,
    name: basename(file).replace(/\.rep(\.gz)?$/, "") + (variant ? `@${variant}` : ""),
    tunables: rest.join("="),
  }));
}

/**
 * @param {Recording} recording
 * @param {string} abi
 * @param {string} program
 */
function record({ file, name, tunables }, abi, program) {
  const bytes = readFileSync(file);
  const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1");
  const operations = text.split("\n").filter((line) => /^\s*[acmrf]\s/.test(line)).length;
  const folder = `${out}${abi}`;
  const old = values.check ? readFileSync(`${folder}/${name}.hash`, "latin1") : "";
  const sample = Number(
    /^sample (\d+)$/m.exec(old)?.[1] ??
      values.sample ??
      Math.max(1, Math.ceil(operations / linesMost)),
  );
  const args = ["--hash", "--sample", String(sample), "-"];
  const lines = runNative(program, args, text, tunables, glibc).trimEnd().split("\n");
  const hash = lines.find((line) => line.startsWith("hash ")) ?? "";
  const info = lines.at(-1) ?? "";
  const head = `trace ${name}\nlayout ${abi}\ntunables ${tunables || "-"}\nops ${operations}\nsample ${sample}\n`;
  const summary = `${head}${hash}\n${info}\n`;
  const addresses = `${lines.filter((line) => line !== hash).join("\n")}\n`;
  if (values.check) {
    const log = gunzipSync(readFileSync(`${folder}/${name}.addr.gz`)).toString("latin1");
    const same = summary === old && addresses === log;
    if (!same) different++;
    console.log(`${same ? "same" : "DIFFERENT"} ${abi} ${name}`);
    return;
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${name}.hash`, summary);
  writeFileSync(`${folder}/${name}.addr.gz`, gzipSync(addresses, { level: 9 }));
  console.log(`${abi} ${name}: ${hash}`);
}

const recordings = positionals.length ? namedRecordings() : allRecordings();
for (const abi of ABIS) {
  const program = buildNative("replay", abi, undefined, glibc);
  for (const recording of recordings) record(recording, abi, program);
}
if (!values.check && !positionals.length && glibc !== OWN)
  writeFileSync(recordedFile(glibc, "traces"), machine(glibc));
if (different) process.exitCode = 1;
