// The cases of the mirrored suites that are not here, and why. LEFT-OUT.md is this table as text; a test compares them.

/** Why a case is not here. */
export const REASONS = {
  files: "needs files; file-backed mappings are not there yet",
  fork: "needs a second process or thread",
  signal: "needs a signal on a raw access",
  aliasing: "needs two views of one page, which linear memory cannot give",
  device: "needs a device",
} as const;

/** What exactly is missing, where the reason does not say so. */
const DETAILS: Readonly<Record<string, string>> = {
  "MMapTest.MapDevZeroShared": "/dev/zero",
  "MMapTest.MapDevZeroPrivate": "/dev/zero",
  "MMapTest.MapDevZeroNoPersistence": "/dev/zero",
  "MMapTest.MapDevZeroSharedMultiplePages": "/dev/zero",
  "MMapTest.MapDevZeroSharedFdNoPersistence": "/dev/zero",
  "MMapTest.MapDevZeroSegfaultAfterUnmap": "/dev/zero",
  "MMapTest.MapDevZeroUnaligned": "/dev/zero",
  "MMapTest.MapCharDevice": "/dev/random",
  mmap10: "/dev/zero",
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
    files: [
      ...["MMapTest.MapDirectory", "MMapFileParamTest.MapPopulate"],
      ...["MMapFileParamTest.MapPopulateShort", "MMapFileTest.Read", "MMapFileTest.MapOffset"],
      ...["MMapFileTest.MapOffsetBeyondEnd", "MMapFileTest.MapSecondToLastPositivePage"],
      ...["MMapFileTest.MapLastPositivePage", "MMapFileTest.MapFirstNegativePage"],
      ...["MMapFileTest.MapSecondToLastNegativePage", "MMapFileTest.MapLastNegativePage"],
      ...["MMapFileTest.WritePrivateOnReadOnlyFd", "MMapFileTest.WriteSharedOnReadOnlyFd"],
      ...["MMapFileTest.MmapFileWithOpath", "MMapFileParamTest.WriteOnlyFd"],
      ...["MMapFileTest.ReadSharedConsistentWithOverwrite"],
      ...["MMapFileTest.ReadSharedConsistentWithPartialOverwrite"],
      ...["MMapFileTest.ReadSharedConsistentWithWriteAndFile", "MMapFileTest.WriteShared"],
      ...["MMapFileTest.WriteSharedBeyondEnd", "MMapFileTest.WriteSharedTruncateUp"],
      ...["MMapFileTest.ReadSharedTruncateDownThenUp"],
      ...["MMapFileTest.WriteSharedTruncateDownThenUp", "MMapFileTest.ReadSharedTruncateSIGBUS"],
      ...["MMapFileTest.WriteSharedTruncateSIGBUS", "MMapFileTest.ReadSharedTruncatePartialPage"],
      ...["MMapFileTest.WriteSharedTruncatePartialPage", "MMapFileTest.WritePrivate"],
      ...["MMapFileParamTest.SigBusDeath", "MMapFileParamTest.NoSigBusOnPagesBeforeEOF"],
      ...["MMapFileParamTest.NoSigBusOnPageContainingEOF"],
      ...["MMapFileTest.ReadingWritableSharedFilePageSucceeds", "MMapFileTest.InternalSigBus"],
      ...["MMapFileTest.InternalSigBusZeroing", "MMapFileTest.Bug38498194"],
      ...["MMapFileTest.SelfRead", "MMapFileTest.SelfWrite", "MMapDeathTest.TruncateAfterCOWBreak"],
      ...["MMapNoFixtureTest.MapReadOnlyAfterCreateWriteOnly", "MMapTest.MapPipe"],
    ],
    fork: ["MMapTest.AccessCOWInvalidatesCachedSegments"],
    device: [
      ...["MMapTest.MapDevZeroShared", "MMapTest.MapDevZeroPrivate"],
      ...["MMapTest.MapDevZeroNoPersistence", "MMapTest.MapDevZeroSharedMultiplePages"],
      ...["MMapTest.MapDevZeroSharedFdNoPersistence", "MMapTest.MapDevZeroSegfaultAfterUnmap"],
      ...["MMapTest.MapDevZeroUnaligned", "MMapTest.MapCharDevice"],
    ],
  },
  "mremap.cc": {
    aliasing: ["MremapTest.InPlace_Copy", "MremapTest.MayMove_Copy", "MremapTest.MustMove_Copy"],
    files: ["MremapTest.ExpansionPreservesCOWPagesAndExposesNewFilePages"],
  },
  "madvise.cc": {
    files: [
      "MadviseDontneedTest.CleansPrivateFilePage",
      "MadviseDontneedTest.DoesNotModifySharedFilePage",
    ],
    fork: [
      ...["MadviseDontneedTest.ZerosCOWAnonPageInCallerOnly", "MadviseDontforkTest.DontforkShared"],
      "MadviseDontforkTest.DontforkAnonPrivate",
    ],
  },
  "msync.cc": { files: ["all parameters that are files"] },
  "mlock.cc": { fork: ["MlockTest.Fork"] },
  "proc_pid_smaps.cc": {
    files: ["ProcPidSmapsTest.SharedReadOnlyFile"],
    fork: ["ProcPidSmapsTest.ForkCopyOnWrite"],
  },
  "rlimits.cc": {
    fork: ["RlimitTest.RlimitNProc"],
  },
};

const LTP: Readonly<Record<string, Partial<Record<Reason, readonly string[]>>>> = {
  mmap: {
    files: [
      ...["mmap01", "mmap02", "mmap03", "mmap05", "mmap06: six rows with EACCES", "mmap09"],
      ...["mmap13", "mmap16", "mmap19", "mmap20", "mmap21"],
    ],
    device: ["mmap10"],
    fork: ["mmap22: dropped under pressure"],
  },
  mremap: { files: ["mremap01", "mremap06"], fork: ["mremap07: userfaultfd"] },
  mprotect: { files: ["mprotect01: EACCES"] },
  madvise: {
    files: ["madvise02: rows with files", "madvise03: shared file"],
    device: ["madvise06", "madvise07", "madvise11"],
    fork: ["madvise08", "madvise09: freed under pressure", "madvise10"],
  },
  msync: { files: ["msync01", "msync02", "msync04"] },
  mincore: { files: ["mincore02"], fork: ["mincore04"] },
  mlock: { files: ["mlock04"] },
  remap_file_pages: { aliasing: ["remap_file_pages01: pages in another order"] },
  mseal: { device: ["mseal01: pkey_mprotect"] },
  setrlimit: {
    fork: [
      "setrlimit01: RLIMIT_FSIZE, RLIMIT_CORE, limits in effect",
      "setrlimit04",
      "setrlimit06",
    ],
  },
  "mem/vma": {
    fork: ["vma01"],
    files: ["vma03"],
    signal: ["vma05"],
  },
};

/** One row of the table. */
export interface LeftOut {
  suite: "gVisor" | "LTP";
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
export const leftOut: readonly LeftOut[] = [...rows("gVisor", GVISOR), ...rows("LTP", LTP)];

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
