// The cases of the mirrored suites that are not here, and why. LEFT-OUT.md is this table as text; a test compares them.

/** Why a case is not here. */
export const REASONS = {
  files: "needs files; file-backed mappings are not there yet",
  fork: "needs a second process or thread",
  signal: "needs a signal on a raw access, or its details",
  aliasing: "needs two views of one page, which linear memory cannot give",
  device: "needs a device, a file system, or the kernel's memory management under pressure",
  layout: "is about another word size or machine",
  absent: "is about a call, advice or limit that this kernel does not have",
} as const;

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
      ...["MMapNoFixtureTest.MapReadOnlyAfterCreateWriteOnly"],
    ],
    fork: ["MMapTest.AccessCOWInvalidatesCachedSegments", "MMapTest.ExceedLimitDataPrlimitPID"],
    device: [
      ...["MMapTest.MapPipe", "MMapTest.MapDevZeroShared", "MMapTest.MapDevZeroPrivate"],
      ...["MMapTest.MapDevZeroNoPersistence", "MMapTest.MapDevZeroSharedMultiplePages"],
      ...["MMapTest.MapDevZeroSharedFdNoPersistence", "MMapTest.MapDevZeroSegfaultAfterUnmap"],
      ...["MMapTest.MapDevZeroUnaligned", "MMapTest.MapCharDevice"],
    ],
    signal: ["MMapTest.ProtExec", "MMapTest.NoProtExecDeath"],
    layout: ["MMapTest.MapFixed64"],
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
    layout: ["ProcPidSmapsTest.GvisorFields"],
  },
  "rlimits.cc": {
    fork: ["RlimitTest.RlimitNProc"],
    absent: ["RlimitTest.SetRlimitRtPrio", "RlimitTest.ParseProcPidLimits"],
  },
};

const LTP: Readonly<Record<string, Partial<Record<Reason, readonly string[]>>>> = {
  sbrk: { layout: ["sbrk03"] },
  mmap: {
    files: [
      ...["mmap01", "mmap02", "mmap03", "mmap05", "mmap06: six rows with EACCES", "mmap09"],
      ...["mmap13", "mmap16", "mmap19", "mmap20", "mmap21"],
    ],
    device: ["mmap10", "mmap22"],
  },
  mremap: { files: ["mremap01", "mremap06"], device: ["mremap07"] },
  mprotect: { files: ["mprotect01: EACCES"], signal: ["mprotect04: PROT_EXEC"] },
  madvise: {
    files: ["madvise02: rows with files", "madvise03: shared file"],
    device: ["madvise05", "madvise06", "madvise07", "madvise09", "madvise11"],
    fork: ["madvise08", "madvise10"],
  },
  msync: { files: ["msync01", "msync02", "msync04"] },
  mincore: { files: ["mincore02"], fork: ["mincore04"] },
  mlock: { files: ["mlock04"] },
  remap_file_pages: { absent: ["remap_file_pages01", "remap_file_pages02"] },
  mseal: { absent: ["mseal01", "mseal02"] },
  setrlimit: { fork: ["setrlimit01"], absent: ["setrlimit04", "setrlimit06"] },
  "mem/vma": {
    fork: ["vma01"],
    absent: ["vma02", "vma04 (memory policies)"],
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
    ({ suite, file, name, reason }) => `| ${suite} ${file} | ${name} | ${REASONS[reason]} |`,
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
