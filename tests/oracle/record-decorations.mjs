#!/usr/bin/env node
// Records the names that native malloc gives to its mappings, with how many bytes it names: golden
// tests/golden/glibc-VERSION/decorate-maps.txt. Needs strace. A kernel may have no names for
// memory; so that glibc goes on, each prctl is made to succeed.
// Usage: node tests/oracle/record-decorations.mjs --glibc VERSION [--check]
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { goldenFolder } from "./glibc.mjs";
import { buildNative, launcherOf, OWN } from "./native.mjs";

const { values } = parseArgs({
  options: { glibc: { type: "string", default: OWN }, check: { type: "boolean", default: false } },
});
const { glibc } = values;
const program = buildNative("decorate", "lp64", undefined, glibc);
const strace = ["-f", "-e", "trace=prctl", "-e", "inject=prctl:retval=0"];
const run = spawnSync("strace", [...strace, ...launcherOf(program, glibc), program], {
  encoding: "utf8",
  env: { ...process.env, GLIBC_TUNABLES: "glibc.mem.decorate_maps=1" },
});
if (run.status !== 0) throw new Error(run.stderr || String(run.error));
const calls = run.stderr.matchAll(/PR_SET_VMA_ANON_NAME, 0x\w+, (\d+), "( glibc: malloc.*?)"/g);
const text = Array.from(calls, ([, bytes, name]) => `${bytes}${name}\n`).join("");
const file = `${goldenFolder(glibc)}decorate-maps.txt`;
if (!values.check) writeFileSync(file, text);
else if (readFileSync(file, "utf8") !== text) process.exitCode = 1;
console.log(`${file}\n${text}`);
