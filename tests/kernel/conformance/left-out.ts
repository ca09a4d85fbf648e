// The cases of the mirrored suites that are not here, and why. LEFT-OUT.md is this table as text; a
// test compares them.

/** Why a case is not here. */
export const REASONS = {
  fork: "needs a second process or thread",
  signal: "needs a signal on a raw access",
  aliasing: "needs two views of one page, which linear memory cannot give",
  device: "needs a device",
} as const;

/** What exactly is missing, where the reason does not say so. */
const DETAILS: Readonly<Record<string, string>> = {
  "mmap22: dropped under pressure": "one that uses up the memory",
  "mremap07: userfaultfd": "one that handles page faults",
  madvise06: "a disk to swap to",
  madvise07: "memory that reports a failure of its hardware",
  madvise08: "one that dumps core",
  "madvise09: freed under pressure": "one that uses up the memory, and a disk to swap to",
  madvise11: "memory that reports a failure of its hardware, and threads",
  "mseal01: pkey_mprotect": "a CPU with protection keys",
  setrlimit04: "/bin/true under a small stack",
  setrlimit06: "one that uses up its CPU time, and gets SIGXCPU",
  vma05: "that dumps core, which gdb looks at",
};

type Reason = keyof typeof REASONS;

const GVISOR: Readonly<Record<string, Partial<Record<Reason, readonly string[]>>>> = {
  "mmap.cc": {
    fork: ["MMapTest.AccessCOWInvalidatesCachedSegments"],
  },
  "mremap.cc": {
    aliasing: [
      ...["MremapTest.MayMove_Copy", "MremapTest.MustMove_Copy"],
      "MremapParamTest.MayMove_Expansion/MAP_SHARED",
    ],
  },
  "madvise.cc": {
    fork: [
      ...["MadviseDontneedTest.ZerosCOWAnonPageInCallerOnly", "MadviseDontforkTest.DontforkShared"],
      "MadviseDontforkTest.DontforkAnonPrivate",
    ],
  },
  "mlock.cc": { fork: ["MlockTest.Fork"] },
  "proc_pid_smaps.cc": {
    fork: ["ProcPidSmapsTest.ForkCopyOnWrite"],
  },
  "rlimits.cc": {
    fork: ["RlimitTest.RlimitNProc"],
  },
};

const LTP: Readonly<Record<string, Partial<Record<Reason, readonly string[]>>>> = {
  mmap: { fork: ["mmap10: the children", "mmap22: dropped under pressure"] },
  mremap: { fork: ["mremap07: userfaultfd"] },
  madvise: {
    device: ["madvise06", "madvise07", "madvise11"],
    fork: ["madvise08", "madvise09: freed under pressure", "madvise10"],
  },
  mincore: { fork: ["mincore04"] },
  remap_file_pages: { aliasing: ["remap_file_pages01: pages in another order"] },
  mseal: { device: ["mseal01: pkey_mprotect"] },
  setrlimit: {
    fork: ["setrlimit01: RLIMIT_CORE, RLIMIT_NPROC in effect", "setrlimit04", "setrlimit06"],
  },
  "mem/vma": {
    fork: ["vma01"],
    signal: ["vma05"],
  },
};

const POSIX: typeof LTP = {
  mmap: { aliasing: ["mmap/24-1: one object for all mappings"] },
};

/** One row of the table. */
export interface LeftOut {
  suite: "gVisor" | "LTP" | "LTP open_posix";
  file: string;
  name: string;
  reason: Reason;
}

function rows(suite: LeftOut["suite"], table: typeof GVISOR): LeftOut[] {
  return Object.entries(table).flatMap(([file, byReason]) =>
    (Object.keys(byReason) as Reason[]).flatMap((reason) =>
      (byReason[reason] ?? []).map((name) => ({ suite, file, name, reason })),
    ),
  );
}

/** Everything that is left out. */
export const leftOut: readonly LeftOut[] = [
  ...rows("gVisor", GVISOR),
  ...rows("LTP", LTP),
  ...rows("LTP open_posix", POSIX),
];

/** The table as Markdown. */
export function leftOutText(): string {
  const lines = leftOut.map(
    ({ suite, file, name, reason }) =>
      `| ${suite} ${file} | ${name} | ${[REASONS[reason], DETAILS[name] ?? []].flat().join(": ")} |`,
  );
  return [
    "# Cases of the mirrored suites that are left out",
    "",
    "Written from `left-out.ts`; a test compares the two.",
    "",
    "| origin | case | it … |",
    "|---|---|---|",
    ...lines,
    "",
  ].join("\n");
}
