// The cases of gVisor's test/syscalls/linux/{mremap,madvise,msync,proc_pid_smaps}.cc that map
// files. Their names are the originals'; what is parametrised there has its parameter behind the
// name.

import { expect } from "vitest";
import { flagCodes } from "../support/sequence.js";
import { MADV, MAP, MREMAP, MS, O, PAGE, PROT } from "./kit.js";
import type { Cases, Kit } from "./kit.js";

const FIXED = MREMAP.MAYMOVE | MREMAP.FIXED;

/** A new file of pages that are filled with these values. */
const paged = (k: Kit, ...values: number[]): number =>
  k.openNew(Uint8Array.from({ length: values.length * PAGE }, (_, i) => values[i >> 12] ?? 0));

export const mremapFileCases: Cases = {
  "MremapTest.ExpansionPreservesCOWPagesAndExposesNewFilePages": (k) => {
    const from = k.mapFile(paged(k, 97, 98, 99), 2 * PAGE, PROT.RW, MAP.PRIVATE);
    k.fill(from + PAGE, 1, 100);
    const to = k.map(3, PROT.NONE);
    expect(k.ok("mremap", from, 2 * PAGE, 3 * PAGE, FIXED, to)).toBe(to);
    expect([0, 1, 2].map((page) => k.read(to + page * PAGE))).toEqual([97, 100, 99]);
    for (const [page, value] of [97, 100, 99].entries())
      expect(k.holds(to + page * PAGE, 1, value)).toBe(true);
  },
};

export const madviseFileCases: Cases = {
  "MadviseDontneedTest.CleansPrivateFilePage": (k) => {
    const at = k.mapFile(paged(k, 4), PAGE, PROT.RW, MAP.PRIVATE);
    expect(k.holds(at, 1, 4)).toBe(true);
    k.fill(at, 1, 5);
    expect(k.holds(at, 1, 5)).toBe(true);
    k.ok("madvise", at, PAGE, MADV.DONTNEED);
    expect(k.holds(at, 1, 4)).toBe(true);
  },
  "MadviseDontneedTest.DoesNotModifySharedFilePage": (k) => {
    const at = k.mapFile(paged(k, 6), PAGE, PROT.RW, MAP.SHARED);
    expect(k.holds(at, 1, 6)).toBe(true);
    k.fill(at, 1, 7);
    expect(k.holds(at, 1, 7)).toBe(true);
    k.ok("madvise", at, PAGE, MADV.DONTNEED);
    expect(k.holds(at, 1, 7)).toBe(true);
  },
};

const SYNC_FLAGS = { MS_SYNC: MS.SYNC, MS_ASYNC: MS.ASYNC, none: 0 } as const;
const KINDS = { private: MAP.PRIVATE, shared: MAP.SHARED } as const;
const ACCESSES = {
  "read-only": [PROT.READ, O.RDONLY],
  writable: [PROT.RW, O.RDWR],
} as const;

/** What the originals sync besides memory of no file: a page of a new, empty file. */
const SYNCABLE = Object.entries(KINDS).flatMap(([kind, flags]) =>
  Object.entries(ACCESSES).map(([access, [prot, opened]]) => ({
    name: `${kind} ${access} file`,
    map: (k: Kit): number => k.mapFile(k.openNew(0, opened), PAGE, prot, flags),
  })),
);

/** A case for each kind of synchronisation and each kind of mapping. */
function synced(
  name: string,
  run: (k: Kit, at: number, flags: number) => void,
): [string, (k: Kit) => void][] {
  return Object.entries(SYNC_FLAGS).flatMap(([flag, flags]) =>
    SYNCABLE.map(({ name: mapping, map }): [string, (k: Kit) => void] => [
      `MsyncFullParamTest.${name}/${flag}, ${mapping}`,
      (k) => run(k, map(k), flags),
    ]),
  );
}

export const msyncFileCases: Cases = Object.fromEntries([
  ...SYNCABLE.map(({ name, map }): [string, (k: Kit) => void] => [
    `MsyncNoFlagsTest.BothSyncAndAsyncFails/${name}`,
    (k) => k.fails("EINVAL", "msync", map(k), PAGE, MS.SYNC | MS.ASYNC),
  ]),
  ...synced("NormallySucceeds", (k, at, flags) => void k.ok("msync", at, PAGE, flags)),
  ...synced("UnalignedLengthSucceeds", (k, at, flags) => void k.ok("msync", at, PAGE - 1, flags)),
  ...synced("UnalignedAddressFails", (k, at, flags) =>
    k.fails("EINVAL", "msync", at + 1, PAGE - 1, flags),
  ),
  ...synced(
    "InvalidateUnlockedSucceeds",
    (k, at, flags) => void k.ok("msync", at, PAGE, flags | MS.INVALIDATE),
  ),
]);

export const smapsFileCases: Cases = {
  "ProcPidSmapsTest.SharedReadOnlyFile": (k) => {
    const counted = (): number[] =>
      (["rssFile", "rssAnon", "rssShmem"] as const).map((counter) => k.m.mm(counter));
    const before = counted();
    const fd = k.openNew(PAGE, O.RDONLY);
    const at = k.mapFile(fd, PAGE, PROT.READ, MAP.SHARED | MAP.POPULATE);
    const region = k.regionOf(at);
    expect([region?.start, region?.end]).toEqual([at, at + PAGE]);
    expect(k.resident(at, PAGE)).toEqual([1]);
    // One page of a file is in memory, and none of anything else.
    expect(counted()).toEqual([before[0]! + 1, before[1]! + 1, before[2]!]);
    // As the file cannot be written, the mapping never can be, and so does not count as shared.
    expect(flagCodes(region?.flags ?? 0).match(/../g)).toEqual(["rd", "mr", "me", "ms"]);
  },
};
