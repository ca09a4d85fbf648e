// Arenas, proven: for traces of two to eight threads that run in turn, every address relative to
// its heap's start, every usable size, mallinfo2, malloc_stats and malloc_info are what native
// glibc gave, each version of it that there are goldens of; at the end, after the exit of all
// threads, and after malloc_trim.

import { readFileSync, readdirSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import type { Abi } from "../../src/layout/address.js";
import { GOLDEN_GLIBCS } from "../support/glibcs.js";
import { runThreads, type ThreadRun } from "../oracle/threads-runner.js";

const ROOT = new URL("../golden/threads/", import.meta.url);

/** A recording: how native glibc was run, and what the recorder wrote. */
interface Golden {
  readonly name: string;
  readonly abi: Abi;
  readonly trace: Uint8Array;
  readonly run: Required<Omit<ThreadRun, "build" | "glibc">>;
  readonly output: string;
}

const read = (path: string, root = ROOT): Buffer => gunzipSync(readFileSync(new URL(path, root)));

/** Random traces are kept beside their goldens, recordings of programs with the others. */
function traceOf(name: string): Uint8Array {
  const folder = /^seed\d/.test(name) ? "traces" : "../../../traces/threads";
  return read(`${folder}/${name}.rep.gz`);
}

function goldenOf(abi: Abi, file: string, root: URL): Golden {
  const text = read(`${abi}/${file}`, root).toString("latin1");
  const end = text.indexOf("\n\n");
  const fields = new Map(
    text
      .slice(0, end)
      .split("\n")
      .map((line) => [line.split(" ", 1)[0]!, line.slice(line.indexOf(" ") + 1)]),
  );
  const value = (name: string): string => {
    const found = fields.get(name);
    if (found === undefined) throw new Error(`${abi}/${file}: no ${name}`);
    return found === "-" ? "" : found;
  };
  const mallopts = value("mallopt")
    .split(" ")
    .filter(Boolean)
    .map((pair) => pair.split("=").map(Number) as [number, number]);
  return {
    name: file.replace(".out.gz", ""),
    abi,
    trace: traceOf(value("trace")),
    run: {
      tunables: value("tunables"),
      cores: Number(value("cores")),
      mallopts,
      sample: Number(value("sample")),
    },
    output: text.slice(end + 2),
  };
}

function goldensOf(abi: Abi, root: URL): Golden[] {
  const files = readdirSync(new URL(`${abi}/`, root));
  return files.sort().map((file) => goldenOf(abi, file, root));
}

/** @returns the first line that differs, as `native: …, ours: …`; undefined when there is none */
function firstDifference(native: string, ours: string): string | undefined {
  if (native === ours) return undefined;
  const expected = native.split("\n");
  const found = ours.split("\n");
  const at = expected.findIndex((line, i) => line !== found[i]);
  return `native: "${expected[at] ?? ""}", ours: "${found[at] ?? ""}"`;
}

const RUNS = GOLDEN_GLIBCS.flatMap((one) =>
  (["ilp32", "lp64"] satisfies Abi[]).map((abi) => ({ ...one, abi })),
);

for (const { abi, glibc, root, option } of RUNS) {
  describe(`native goldens of several threads of ${glibc}, ${abi}`, () => {
    const goldens = goldensOf(abi, new URL("threads/", root));
    let matching = 0;

    it("are all here", () => {
      // One goes where only a kernel for i386 programs says; others were recorded by an emulator.
      const isEmulated = abi === "ilp32" && glibc > "2.41";
      expect(goldens.filter(({ name }) => /^seed/.test(name))).toHaveLength(isEmulated ? 39 : 40);
      expect(goldens.filter(({ name }) => !/^seed/.test(name))).toHaveLength(10);
    });

    it.each(goldens)("$name", ({ trace, run, output }) => {
      expect(
        firstDifference(output, runThreads(trace, abi, { ...run, ...option })),
      ).toBeUndefined();
      matching++;
    });

    it.each([
      // 2.44 has one arena a processor: more are noticed where there are many threads only.
      ["cores", { cores: glibc > "2.43" ? 64 : abi === "ilp32" ? 8 : 4 }],
      ["arena_max", { tunables: "glibc.malloc.arena_max=1" }],
      ["top_pad", { tunables: "glibc.malloc.top_pad=135168" }],
      ["trim_threshold", { tunables: "glibc.malloc.trim_threshold=135168" }],
    ] satisfies [string, ThreadRun][])("canary: other %s are noticed", (_, other) => {
      const plain = goldens.filter(
        ({ run }) => run.tunables === "" && run.mallopts.length === 0 && run.cores < 3,
      );
      let noticed = 0;
      for (const { trace, run, output } of plain)
        if (!noticed && runThreads(trace, abi, { ...run, ...option, ...other }) !== output)
          noticed++;
      expect(noticed).toBe(1);
    });

    afterAll(() => {
      process.stdout.write(
        `${glibc} ${abi}: ${matching} of ${goldens.length} goldens of threads match\n`,
      );
    });
  });
}
