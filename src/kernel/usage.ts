// How much of the address space is in memory, by the model's marks: a page counts from its first
// touch on.

import { PAGE_BYTES } from "../process/options.js";
import type { Process } from "../process/process.js";
import type { Abi } from "../layout/address.js";
import { PageMark } from "../layout/generated.js";
import type { Region, Usage } from "./regions.js";

const { PRESENT, ANON, SHMEM, LAZY, FILE, DIRTY } = PageMark;

/** The marks of every page of a mapping that has some. */
function* marksIn(process: Process<Abi, "full">, region: Region): Generator<[number, number]> {
  for (let page = region.start; page < region.end; page += PAGE_BYTES) {
    const marks = process.raw.page_marks(page);
    if (marks !== 0) yield [page, marks];
  }
}

/**
 * The residency of one mapping. A private page that was only read is the kernel's zero page, which
 * belongs to nobody. The model does not tell reading shared memory from writing it: there a
 * resident page counts as written to. A file's page is written to until it is written back.
 */
export function usageOf(process: Process<Abi, "full">, region: Region): Usage {
  const usage = { resident: 0, dirty: 0, referenced: 0, anonymous: 0, lazy: 0 };
  for (const [, marks] of marksIn(process, region)) {
    if ((marks & (ANON | SHMEM | FILE)) === 0) continue;
    usage.resident++;
    if (marks & ANON) usage.anonymous++;
    if (marks & LAZY) {
      usage.lazy++;
      continue;
    }
    usage.referenced++;
    if (marks & (ANON | SHMEM | DIRTY)) usage.dirty++;
  }
  return usage;
}

/**
 * Bytes that one page of each level of page tables covers on x86 (4-level; in PAE mode, for i386,
 * the lower two exist too).
 */
const TABLE_SPANS = [2 ** 21, 2 ** 30, 2 ** 39];

/** Pages of page tables that the pages in memory need (VmPTE, without the top level). */
export function pageTablePages(process: Process<Abi, "full">, regions: Iterable<Region>): number {
  const tables = TABLE_SPANS.map(() => new Set<number>());
  for (const region of regions) {
    for (const [page, marks] of marksIn(process, region)) {
      if ((marks & PRESENT) === 0) continue;
      TABLE_SPANS.forEach((span, level) => tables[level]!.add(Math.floor(page / span)));
    }
  }
  return tables.reduce((sum, level) => sum + level.size, 0);
}
