// Which header of a file is in force. A file has two places for headers, and each msync writes the
// one that is not in force: the later header counts. Each place has eight copies, one in each of
// its sectors, and a disk writes sectors as a whole. So a power failure leaves whole copies in both
// places, whatever was under way; a place without any was damaged, and nobody knows which header
// was in it: then the file is refused, since the other one may be of a state long gone.

import { isError } from "../base/realm.js";
import type { HostFile } from "../kernel/files/host-file.js";
import { FileKind } from "../layout/generated.js";
import { HeapImageError } from "./errors.js";
import { FORMAT_VERSION, PAGES_AT, SECTOR_BYTES, SLOT_BYTES, decodeSector } from "./header.js";
import type { HeapImageHeader, Sector } from "./header.js";

/** A header, and which of the two places it is in. */
export interface StoredHeader {
  readonly header: HeapImageHeader;
  readonly slot: 0 | 1;
  /** Its checksum: two headers of one generation with the same one are the same. */
  readonly seal: bigint;
  /** Copies of headers that are damaged, of which there are others: bytes from the file's start. */
  readonly damagedCopies: readonly number[];
}

interface PlacedSector {
  readonly sector: Sector;
  /** Bytes from the file's start. */
  readonly offset: number;
}

function readSectors(path: string, bytes: Uint8Array): PlacedSector[] {
  return Array.from({ length: PAGES_AT / SECTOR_BYTES }, (_, index) => {
    const offset = index * SECTOR_BYTES;
    try {
      return { offset, sector: decodeSector(bytes.subarray(offset, offset + SECTOR_BYTES)) };
    } catch (error) {
      if (!isError(error, "RangeError")) throw error;
      throw new HeapImageError("corrupt-header", path, error.message, { offset });
    }
  });
}

/** The latest whole header in one of the places; undefined when there is nothing there at all. */
function latestIn(
  path: string,
  slot: 0 | 1,
  sectors: readonly PlacedSector[],
): StoredHeader | undefined {
  let latest: StoredHeader | undefined;
  const offsets = sectors
    .filter(({ sector }) => sector.state !== "whole")
    .map(({ offset }) => offset);
  for (const { sector } of sectors) {
    if (sector.state !== "whole") continue;
    const { header, seal } = sector;
    if (latest !== undefined && header.generation <= latest.header.generation) continue;
    // Version 1 has one copy.
    latest = { header, slot, seal, damagedCopies: header.version === 1 ? [] : offsets };
  }
  if (latest !== undefined) return latest;
  for (const { sector, offset } of sectors) {
    if (sector.state !== "damaged" || !sector.hasMagic || sector.version <= FORMAT_VERSION)
      continue;
    const rule = `format version ${sector.version}; this version reads up to ${FORMAT_VERSION}`;
    throw new HeapImageError("newer-format", path, rule, { offset: offset + 24 });
  }
  if (sectors.every(({ sector }) => sector.state === "blank")) return undefined;
  throw damaged(path, slot, "no copy of it has the checksum that it should have");
}

function damaged(path: string, slot: 0 | 1, what: string): HeapImageError {
  const rule = `header ${slot === 0 ? "A" : "B"} is damaged: ${what}`;
  return new HeapImageError("corrupt-header", path, rule, { offset: slot * SLOT_BYTES });
}

/**
 * The header in force.
 * @returns undefined when the file is empty
 * @throws HeapImageError "not-an-image", "newer-format" or "corrupt-header"
 */
export function readHeader(file: HostFile): StoredHeader | undefined {
  const { path } = file;
  if (file.kind !== FileKind.REGULAR) {
    throw new HeapImageError("not-an-image", path, "a heap image is a regular file");
  }
  const size = file.size();
  if (size === 0) return undefined;
  const bytes = new Uint8Array(PAGES_AT);
  file.read(0, bytes);
  const sectors = readSectors(path, bytes);
  if (sectors.every(({ sector }) => sector.state === "blank" || isForeign(sector))) {
    const begins = "neither place for a header begins with the words of a heap image";
    const zeros = `${begins}, only with zeros (a file of ${size} bytes; an empty one has none)`;
    const isBlank = sectors.every(({ sector }) => sector.state === "blank");
    throw new HeapImageError("not-an-image", path, isBlank ? zeros : begins, { offset: 0 });
  }
  const middle = SLOT_BYTES / SECTOR_BYTES;
  const slots = [
    latestIn(path, 0, sectors.slice(0, middle)),
    latestIn(path, 1, sectors.slice(middle)),
  ] as const;
  const [a, b] = slots;
  const isSecond = a === undefined || (b?.header.generation ?? -1) > a.header.generation;
  const latest = (isSecond ? b : a)!;
  // Only the first header of all has none beside it.
  if (latest.header.generation > 0 && (a === undefined || b === undefined)) {
    throw damaged(path, a === undefined ? 0 : 1, "there are only zeros");
  }
  const damagedCopies = slots.flatMap((stored) => stored?.damagedCopies ?? []);
  return { ...latest, damagedCopies };
}

function isForeign(sector: Sector): boolean {
  return sector.state === "damaged" && !sector.hasMagic;
}
