#!/usr/bin/env node
// Records the allocation calls of a real (64-bit) program with all its threads and writes them as a
// trace with `t` and `x` lines. Usage: node recorder/record-program.mjs OUT.rep.gz [--program
// NAME] [--most OPERATIONS] -- PROGRAM ARGUMENTS…
//   --program   record the process with that executable, when PROGRAM starts others
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { program: { type: "string" }, most: { type: "string", default: "100000" } },
});
const [outFile, program, ...programArgs] = positionals;
if (!outFile || !program) throw new Error("OUT.rep.gz -- PROGRAM ARGUMENTS… are needed");

/** @param {string} folder where to put the recording */
function record(folder) {
  const library = join(folder, "record.so");
  const source = fileURLToPath(new URL("record.c", import.meta.url));
  execFileSync("gcc", ["-std=gnu11", "-O2", "-Wall", "-shared", "-fPIC", "-o", library, source]);
  const raw = join(folder, "raw");
  const env = { ...process.env, RECORD: raw, LD_PRELOAD: library };
  if (values.program) Object.assign(env, { RECORD_PROGRAM: values.program });
  const run = spawnSync(program ?? "", programArgs, {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (run.status !== 0) throw new Error(`${program} failed: ${run.status ?? run.signal}`);
  return readFileSync(raw, "latin1").trimEnd().split("\n");
}

/** The ids of live blocks: the lowest free number for each new one. */
class Ids {
  /** @type {Map<string, number>} */
  live = new Map();
  /** @type {number[]} */
  free = [];
  made = 0;

  /** @param {string} address */
  add(address) {
    const id = this.free.pop() ?? this.made++;
    this.live.set(address, id);
    return id;
  }

  /** @param {string} address */
  remove(address) {
    const id = this.live.get(address);
    this.live.delete(address);
    return id;
  }
}

/**
 * The operation of one recorded call, or undefined for one that a trace leaves out: failed, of
 * NULL, or of a block from before.
 * @param {Ids} ids
 * @param {string[]} words
 */
function operation(ids, [, letter = "", result = "", a = "", b = ""]) {
  if (letter === "f") {
    const id = ids.remove(result);
    if (id !== undefined) ids.free.push(id);
    return id === undefined ? undefined : `f ${id}`;
  }
  if (letter === "r") {
    const id = a === "0" || (result === "0" && b !== "0") ? undefined : ids.remove(a);
    if (result === "0") {
      if (id !== undefined) ids.free.push(id);
      return id === undefined ? undefined : `r ${id} 0`;
    }
    if (id === undefined) return `r ${ids.add(result)} ${b}`;
    ids.live.set(result, id);
    return `r ${id} ${b}`;
  }
  if (result === "0") return undefined;
  return `${letter} ${ids.add(result)} ${letter === "a" ? a : `${a} ${b}`}`;
}

/** @param {string[]} lines of the recording */
function traceOf(lines) {
  const most = Number(values.most);
  const ids = new Ids();
  /** @type {{ thread: string, text: string }[]} */
  const operations = [];
  const exited = new Set();
  for (const line of lines) {
    const words = line.split(" ");
    if (words[1] === "x") exited.add(words[0]);
    else if (operations.length < most) {
      const text = operation(ids, words);
      if (text !== undefined) operations.push({ thread: words[0] ?? "", text });
    }
  }
  // Destructors may still call after the exit was noticed: a thread ends after its last call.
  /** @type {Map<string, number>} */
  const last = new Map();
  operations.forEach(({ thread }, i) => last.set(thread, i));
  // Threads are numbered by their first operation that is left.
  const numbers = new Map(
    [...new Set(operations.map(({ thread }) => thread))].map((t, i) => [t, i]),
  );
  const out = ["0", String(ids.made), String(operations.length), "1"];
  let now = 0;
  operations.forEach(({ thread, text }, i) => {
    const number = numbers.get(thread) ?? 0;
    if (number !== now) out.push(`t ${(now = number)}`);
    out.push(text);
    if (exited.has(thread) && last.get(thread) === i) out.push(`x ${number}`);
  });
  console.log(`${lines.length} calls, ${operations.length} operations, ${numbers.size} threads`);
  return `${out.join("\n")}\n`;
}

const folder = mkdtempSync(join(tmpdir(), "record-"));
try {
  writeFileSync(outFile, gzipSync(traceOf(record(folder)), { level: 9 }));
} finally {
  rmSync(folder, { recursive: true });
}
