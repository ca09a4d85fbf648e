// Everything that asc compiles here, in one table: the package's builds in both layouts, and what
// the benchmarks race. The build (tools/build-wasm.mjs), `npm start` and bench/ read it; a name is
// that of the file in build/ without ".wasm", "core.ilp32" for one.

/**
 * @typedef {object} Compilation
 * @property {string} name the binary's path in build/ without its ending
 * @property {string} entry the source that it begins with
 * @property {string[]} options asc's options, the names of files among them relative to the project
 */

/**
 * @typedef {object} Build what a table says of a build: an entry, and what differs from a plain one
 * @property {string} entry
 * @property {string} [word] asc's name for the type of a word: "u32", if it is not said
 * @property {number} [checks] 0 none, 1 the whole-heap checker for whoever asks, 2 before every
 *   call, with fault injection
 * @property {number} [full] 1: all system calls, and what strace shows of them
 * @property {number} [profile] 1: "throughput" in place of glibc's heap, 2: "small"
 * @property {number} [glibc] which glibc, by the number behind the dot: 36, if it is not said
 * @property {number} [threads] 1: with locks
 * @property {number} [crashPoints] 1: with places at which a test lets a thread die
 * @property {string[]} [transforms] asc's, besides the one that optimises
 * @property {string[]} [more] more of asc's options
 */

/** asc's name for the type of a word, by layout. */
export const WORDS = { ilp32: "u32", lp64: "u64" };

/** The glibc of builds that do not name one: 2.36. */
export const DEFAULT_GLIBC = 36;

/** The other versions of glibc that there are builds of (assembly/abi/version.ts). */
export const GLIBC_VERSIONS = [40, 41, 43, 44];

/** Most memory of a benchmark's module with threads, in pages of 64 KiB: 1 GiB. */
export const BENCH_MEMORY_PAGES = 16_384;

/**
 * AssemblyScript's own allocators put their heap here; below it are a benchmark's operations and
 * its table of blocks. Twice, as their memory doubles when it grows: what lies below must not be
 * much more than a trace needs.
 */
export const PEER_HEAP_BASE = 8 << 20;
export const LARGE_PEER_HEAP_BASE = 256 << 20;

const LAYOUT = "./tools/layout-transform.mjs";
const JOURNAL = "./tools/journal-transform.mjs";
const CRASH = "./tools/crash-transform.mjs";
const OPTIMIZE = "./tools/optimize-transform.mjs";

/** The package's builds, the smallest first. @type {Readonly<Record<string, Build>>} */
export const BUILDS = {
  core: { entry: "assembly/index.ts" },
  "core-throughput": { entry: "assembly/index.ts", profile: 1 },
  checked: { entry: "assembly/replay/checked.ts", checks: 2 },
  replay: { entry: "assembly/replay/index.ts" },
  full: { entry: "assembly/full.ts", checks: 1, full: 1 },
  image: { entry: "assembly/image.ts", checks: 1 },
  threads: { entry: "assembly/threads.ts", checks: 1, threads: 1 },
  "threads-throughput": { entry: "assembly/threads.ts", checks: 1, threads: 1, profile: 1 },
  "full-throughput": { entry: "assembly/full.ts", checks: 1, full: 1, profile: 1 },
  "checked-throughput": { entry: "assembly/replay/checked.ts", checks: 2, profile: 1 },
  "replay-throughput": { entry: "assembly/replay/index.ts", profile: 1 },
  "image-throughput": { entry: "assembly/image.ts", checks: 1, profile: 1 },
  "core-small": { entry: "assembly/index.ts", profile: 2 },
  "checked-small": { entry: "assembly/replay/checked.ts", checks: 2, profile: 2 },
  "replay-small": { entry: "assembly/replay/index.ts", profile: 2 },
  "image-small": { entry: "assembly/image.ts", checks: 1, profile: 2 },
  crash: { entry: "assembly/crash.ts", checks: 1, threads: 1, crashPoints: 1 },
  "crash-throughput": {
    entry: "assembly/crash.ts",
    checks: 1,
    threads: 1,
    crashPoints: 1,
    profile: 1,
  },
};

/** The first glibc with the functions of C23, and the entry that exports them. */
const C23 = { glibc: 43, entry: "assembly/c23.ts" };

/** The builds that each other version of glibc has. */
const VERSIONED = ["core", "checked", "replay", "full", "image", "threads"];

/**
 * The builds of glibc's other versions, "core-2.43" and so on.
 * @type {Readonly<Record<string, Build>>}
 */
export const VERSION_BUILDS = Object.fromEntries(
  GLIBC_VERSIONS.flatMap((glibc) =>
    Object.entries(BUILDS)
      .filter(([name]) => VERSIONED.includes(name))
      .map(([name, build]) => [
        `${name}-2.${glibc}`,
        { ...build, glibc, more: glibc < C23.glibc ? [] : [C23.entry] },
      ]),
  ),
);

const SHARED = ["--enable", "threads", "--sharedMemory", "--maximumMemory"];
const BENCH_SHARED = [...SHARED, String(BENCH_MEMORY_PAGES)];

/**
 * One of AssemblyScript's runtimes in a benchmark's loops, above a small space and a large one.
 * @param {string} name of the source
 * @param {string} runtime asc's word
 * @returns {Record<string, Build>}
 */
function peer(name, runtime) {
  const entry = `bench/assembly/${name}.ts`;
  const at = (/** @type {number} */ base) => ({
    entry,
    more: ["--runtime", runtime, "--memoryBase", String(base)],
  });
  return { [name]: at(PEER_HEAP_BASE), [`${name}-large`]: at(LARGE_PEER_HEAP_BASE) };
}

/**
 * Whom the package's `bench` races, and the benchmarks, too: they are shipped.
 * @type {Readonly<Record<string, Build>>}
 */
const PEERS = {
  empty: { entry: "bench/assembly/empty.ts" },
  ...peer("tlsf", "minimal"),
  ...peer("stub", "stub"),
  ...peer("nothing", "stub"),
};

/** What the benchmarks race besides. @type {Readonly<Record<string, Build>>} */
const BENCH = {
  "unchecked.ilp32": {
    entry: "assembly/replay/index.ts",
    transforms: [LAYOUT, "./bench/assembly/no-checks.mjs"],
  },
  "many.ilp32": { entry: "bench/assembly/many.ts" },
  "many.lp64": { entry: "bench/assembly/many.ts", word: "u64" },
  "threads-nothing": { entry: "bench/assembly/thread-nothing.ts", more: BENCH_SHARED },
  "threads-ptmalloc": {
    entry: "bench/assembly/thread-ptmalloc.ts",
    transforms: [LAYOUT],
    more: ["--enable", "threads"],
  },
  "threads-ptmalloc-shared": {
    entry: "bench/assembly/thread-ptmalloc-shared.ts",
    threads: 1,
    transforms: [LAYOUT, JOURNAL],
    more: BENCH_SHARED,
  },
  "threads-throughput-shared": {
    entry: "bench/assembly/thread-ptmalloc-shared.ts",
    threads: 1,
    profile: 1,
    transforms: [LAYOUT, JOURNAL],
    more: BENCH_SHARED,
  },
};

/**
 * The options of asc for what a table says.
 * @param {Build} build with all of its transforms
 */
function optionsOf(build) {
  const {
    word = WORDS.ilp32,
    checks = 0,
    full = 0,
    threads = 0,
    crashPoints = 0,
    profile = 0,
    glibc = DEFAULT_GLIBC,
  } = build;
  const { transforms = [], more = [] } = build;
  const constants = {
    word,
    HEAP_CHECK: checks,
    FULL: full,
    PROFILE: profile,
    GLIBC: glibc,
    THREADS: threads,
    CRASH_POINTS: crashPoints,
    COLLECTED: 0,
  };
  return [
    ...["--target", "release", "--disableWarning", "201"],
    ...transforms.flatMap((file) => ["--transform", file]),
    ...Object.entries(constants).flatMap(([name, value]) => ["--use", `${name}=${value}`]),
    ...more,
  ];
}

/** @param {[string, Build]} entry of BUILDS @returns {Compilation[]} in both layouts */
function packageBuilds([name, build]) {
  const { entry, threads, crashPoints, more: own = [] } = build;
  const transforms = [LAYOUT, ...(threads ? [JOURNAL] : []), OPTIMIZE];
  if (crashPoints) transforms.push(CRASH);
  const more = [...own, ...(threads ? [...SHARED, "65536"] : [])];
  return Object.entries(WORDS).map(([abi, word]) => ({
    name: `${name}.${abi}`,
    entry,
    options: optionsOf({ ...build, word, transforms, more }),
  }));
}

/**
 * What this project's builds get beyond asc, the others get, too.
 * @param {string} folder below build/
 * @param {Readonly<Record<string, Build>>} builds
 * @returns {Compilation[]}
 */
function benchBuilds(folder, builds) {
  return Object.entries(builds).map(([name, build]) => {
    const transforms = [...(build.transforms ?? []), OPTIMIZE];
    return {
      name: `${folder}/${name}`,
      entry: build.entry,
      options: optionsOf({ ...build, transforms }),
    };
  });
}

/** What the package has: its builds in both layouts, and whom `bench` races. */
export const PACKAGE_COMPILATIONS = [
  ...Object.entries({ ...BUILDS, ...VERSION_BUILDS }).flatMap(packageBuilds),
  ...benchBuilds("peers", PEERS),
];

/** The benchmarks' modules. */
export const BENCH_COMPILATIONS = benchBuilds("bench", BENCH);

/**
 * What is meant by names: "core.ilp32", "core" for both layouts, "peers/tlsf", "bench" for all of
 * these.
 * @param {readonly string[]} names
 * @returns {Compilation[]} in the table's order, all of the package's for no name
 * @throws {Error} for a name that the table does not have
 */
export function compilationsOf(names) {
  if (names.length === 0) return PACKAGE_COMPILATIONS;
  const all = [...PACKAGE_COMPILATIONS, ...BENCH_COMPILATIONS];
  const isMeant = (/** @type {Compilation} */ one, /** @type {string} */ name) =>
    one.name === name || one.name.replace(/\.(ilp32|lp64)$|\/.*$/, "") === name;
  const unknown = names.find((name) => !all.some((one) => isMeant(one, name)));
  if (unknown !== undefined) {
    const known = [
      ...Object.keys({ ...BUILDS, ...VERSION_BUILDS }),
      ...BENCH_COMPILATIONS.map(({ name }) => name),
    ];
    throw new Error(`no build "${unknown}"; there are ${known.join(", ")}`);
  }
  return all.filter((one) => names.some((name) => isMeant(one, name)));
}
