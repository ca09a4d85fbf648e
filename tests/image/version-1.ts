// Makes images of format 1, which is no longer written, out of images of the present one: the pages
// and a journal lie in the same places, headers are other ones, and there is no table.

import type { Abi } from "../../src/layout/address.js";
import type { Structs } from "../../src/layout/structs.js";
import { layouts } from "../../src/layout/generated.js";
import { SLOT_BYTES, encodeHeader, fingerprintOf } from "../../src/image/header.js";
import type { HeapImageHeader } from "../../src/image/header.js";
import type { MemoryFile } from "../../src/image.js";
import { readHeader } from "../../src/image/slots.js";
import { journalBytes } from "../../src/image/tail.js";
import { checksumV1, fileChecksumV1 } from "../../src/image/version-1.js";

/** A header as format 1 writes it. */
export function encodeV1(header: HeapImageHeader): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES);
  bytes.set(
    encodeHeader({ ...header, journal: undefined, table: undefined }).bytes.subarray(0, 80),
  );
  const view = new DataView(bytes.buffer);
  view.setUint32(24, 1, true);
  if (header.journal !== undefined) {
    view.setBigUint64(80, BigInt(header.journal.position), true);
    view.setUint32(88, header.journal.pages, true);
    view.setBigUint64(96, header.journal.checksum, true);
  }
  view.setBigUint64(112, checksumV1(bytes.subarray(0, 112)), true);
  return bytes;
}

/** The structs of the profile that there was then. */
function glibcStructs(abi: Abi): Structs {
  return { ...layouts[abi], ClassCache: undefined } as unknown as Structs;
}

/** Makes the image in a file one of format 1. */
export function toVersion1(file: MemoryFile): void {
  const { header, slot } = readHeader(file)!;
  const { journal } = header;
  const old = {
    ...header,
    version: 1,
    fingerprint: fingerprintOf(glibcStructs(header.abi), 1),
    table: undefined,
    journal: journal && {
      ...journal,
      checksum: fileChecksumV1(
        file,
        journal.position,
        journal.position + journalBytes(journal.pages),
      ),
    },
  };
  // The table goes: a journal is left where it is.
  if (header.table) file.write(header.table.position, new Uint8Array(4096));
  file.write(slot * SLOT_BYTES, encodeV1(old));
  const before = { ...old, generation: old.generation - 1, journal: undefined };
  file.write((1 - slot) * SLOT_BYTES, encodeV1(before));
}
