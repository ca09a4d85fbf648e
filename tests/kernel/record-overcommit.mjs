#!/usr/bin/env node
// Records what the kernel promises and refuses under vm.overcommit_memory=2. As root, on a machine
// that nothing else depends on: it changes vm.overcommit_* for a moment. Usage: node
// tests/kernel/record-overcommit.mjs
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { buildNative } from "../oracle/native.mjs";

const FIRST = "1001";
const SEQUENCES = "60";

const program = buildNative("overcommit", "lp64", "tests/kernel/native");
const kernel = execFileSync("uname", ["-r"], { encoding: "utf8" }).trim().replace(/-.*/, "");
const text = execFileSync(program, [FIRST, SEQUENCES], { encoding: "utf8" });
const head = `# Recorded on Linux ${kernel}, x86-64.\n`;
const file = new URL("golden/overcommit.txt.gz", import.meta.url);
writeFileSync(file, gzipSync(head + text, { level: 9 }));
