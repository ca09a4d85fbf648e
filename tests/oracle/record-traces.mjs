#!/usr/bin/env node
// Records where native glibc puts every block of a trace: NAME.hash and NAME.addr.gz in
// tests/golden/{ilp32,lp64}, the goldens of the conformance tests. Usage: node
// tests/oracle/record-traces.mjs [--out DIR] [--sample K] [--variant NAME=TUNABLES] [--check]
// FILE.rep[.gz]...
//   --out DIR       another folder than tests/golden
//   --sample K      which operations the address log has (default: so that it has about 20,000
//                   lines)
//   --variant X=T   records NAME@X under GLIBC_TUNABLES=T
//   --check         compares with the goldens that are there, writes nothing
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { ABIS, buildNative, runNative } from "./native.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: "string", default: fileURLToPath(new URL("../golden", import.meta.url)) },
    sample: { type: "string" },
    variant: { type: "string" },
    check: { type: "boolean", default: false },
  },
});
if (!positionals.length) throw new Error("which traces? FILE.rep or FILE.rep.gz");
const [variant = "", ...rest] = (values.variant ?? "").split("=");
const tunables = rest.join("=");
let different = 0;

for (const file of positionals) {
  const bytes = readFileSync(file);
  const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1");
  const name = basename(file).replace(/\.rep(\.gz)?$/, "") + (variant ? `@${variant}` : "");
  const operations = text.split("\n").filter((line) => /^\s*[acmrf]\s/.test(line)).length;
  for (const abi of ABIS) {
    const folder = `${values.out}/${abi}`;
    const program = buildNative("replay", abi);
    const old = values.check ? readFileSync(`${folder}/${name}.hash`, "latin1") : "";
    const sample = Number(
      /^sample (\d+)$/m.exec(old)?.[1] ??
        values.sample ??
        Math.max(1, Math.ceil(operations / 20000)),
    );
    const output = runNative(program, ["--hash", "--sample", String(sample), "-"], text, tunables);
    const lines = output.trimEnd().split("\n");
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
      continue;
    }
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/${name}.hash`, summary);
    writeFileSync(`${folder}/${name}.addr.gz`, gzipSync(addresses, { level: 9 }));
    console.log(`${abi} ${name}: ${hash}`);
  }
}
if (different) process.exitCode = 1;
