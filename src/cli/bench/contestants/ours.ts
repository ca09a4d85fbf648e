// This package's heap, in each of its profiles, the replay loop in the same module.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { binaryName, type Profile } from "../../../binary/profile.js";
import { startProcessSync } from "../../../process/process.js";
import { startSession } from "../../../trace/session.js";
import type { Contestant, LabTrace, Racer, RacerHeap } from "../contestant.js";
import type { GlibcVersion } from "../../../binary/glibc.js";
import { DEFAULT_GLIBC, GLIBC_VERSIONS } from "../../../layout/generated.js";
import { packageBinary } from "../../package-binaries.js";
import { packageRoot, packageVersion } from "../../package-root.js";
import { promised } from "../toolchain.js";
import { timedPass, timedSlices, timedStartUp } from "../slices.js";

/** As createHeap has it: large blocks come from the heap, too. */
export const EMBEDDED = { layout: "compact", tunables: "glibc.malloc.mmap_max=0" } as const;

/** What a profile is, in a line. */
const ABOUT: Readonly<Record<Profile, string>> = {
  glibc: "glibc 2.36's malloc, address for address; aligns to 16, all of glibc's checks",
  throughput: "the same chunks and arenas, arranged for speed; aligns to 16, glibc's checks",
  small: "the same chunks, packed densely; aligns to 8, most of glibc's checks",
};

/** This package's heap, a contestant for each profile. */
export const ours: readonly Contestant[] = (Object.keys(ABOUT) as Profile[]).map((profile) => ({
  name: profile,
  title: `ptmalloc-wasm ${profile}`,
  group: "ours",
  about: ABOUT[profile],
  source: "this package",
  abilities:
    profile === "glibc" ? ["frees", "from-js", "assemblyscript", "threads"] : ["frees", "from-js"],
  control: "nothing",
  prepare: () => Promise.resolve(racer(profile)),
}));

/** This heap as other versions of glibc have it. */
export const versions: readonly Contestant[] = GLIBC_VERSIONS.filter(
  (version) => version !== DEFAULT_GLIBC,
).map((version) => ({
  name: `glibc-${version}`,
  title: `ptmalloc-wasm glibc ${version}`,
  group: "ours",
  about: `glibc ${version}'s malloc, address for address`,
  source: "this package",
  abilities: ["frees"],
  control: "nothing",
  prepare: () => promised(() => racer("glibc", version)),
}));

function racer(profile: Profile, glibc: GlibcVersion = DEFAULT_GLIBC): Racer {
  const code =
    glibc === DEFAULT_GLIBC
      ? readFileSync(join(packageRoot(), "build", `${binaryName("core", profile, "ilp32")}.wasm`))
      : packageBinary(`core-${glibc}.ilp32`);
  return {
    version: packageVersion(),
    code,
    start: (trace) => heap(trace, profile, glibc),
    startUp: () =>
      timedStartUp(code, (wasm) => startProcessSync({ wasm, ...EMBEDDED }).raw.malloc(24)),
  };
}

function heap({ trace }: LabTrace, profile: Profile, glibc: GlibcVersion): RacerHeap {
  const which = glibc === DEFAULT_GLIBC ? { profile } : { glibc };
  const session = startSession(trace, { ...which, ...EMBEDDED });
  const { memory } = session.process;
  const before = memory.buffer.byteLength;
  const run = (first: number, end: number): void => session.touch(first, end);
  return {
    pass: () => timedPass(run, trace.count),
    drain: () => session.release(),
    slices: (count) =>
      timedSlices(run, trace.count, count, () => memory.buffer.byteLength - before),
    // What it refuses, nobody is asked to serve.
    refused: 0,
    close: () => undefined,
  };
}
