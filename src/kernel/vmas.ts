// The region table as it is now: a walk over the kernel's VMAs in linear memory, in address order.

import { PAGE_BYTES } from "../host/options.js";
import type { Process } from "../host/process.js";
import { readStruct } from "../host/struct.js";
import type { Abi } from "../layout/address.js";
import { layouts } from "../layout/generated.js";
import {
  isShared,
  SHARED_ANONYMOUS,
  SHARED_ANONYMOUS_DEVICE,
  specialName,
  type Region,
} from "./regions.js";

/** One mapping, copied out of the table: it does not change when the table does. */
export interface Vma extends Region {
  /** Where the struct lies in linear memory. */
  readonly address: number;
  /** vm_pgoff, pages: the file's, or for private anonymous memory where it was first mapped. */
  readonly pgoff: number;
  /** Which anon_vma it has; 0 before the first write. */
  readonly anonId: number;
  /** Which file, 0 for none; shared anonymous memory has one. */
  readonly fileId: number;
  /** Whose it is: VmaKind.USER the program's, VmaKind.FOREIGN memory that a guest or the host grew by itself. */
  readonly kind: number;
}

/** The name that the program has given to memory whose label is at `label`; undefined where it has given none. */
function givenName(process: Process<Abi, "full">, label: number): string | undefined {
  if (label === 0) return undefined;
  const layout = layouts[process.abi].VmaLabel;
  if (readStruct(process.view(), label, layout).hasName === 0) return undefined;
  const { offset, size, count } = layout.fields.text;
  const bytes = process.u8().subarray(label + offset, label + offset + size * count);
  return String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0)));
}

function namedOr(kind: string, given: string | undefined, otherwise: string): string {
  return given === undefined ? otherwise : `[${kind}:${given}]`;
}

/** The VMA whose struct is at `address`; `version` is the kernel's, for its name. */
export function readVma(process: Process<Abi, "full">, address: number, version: number): Vma {
  const raw = readStruct(process.view(), address, layouts[process.abi].Vma);
  const range = { start: raw.vmStart, end: raw.vmEnd };
  const shared = isShared(raw.vmFlags);
  const marks = process.mm();
  const given = givenName(process, raw.nameId);
  return {
    address,
    ...range,
    flags: raw.vmFlags,
    pgoff: raw.vmPgoff,
    offset: shared ? raw.vmPgoff * PAGE_BYTES : 0,
    anonId: raw.anonId,
    fileId: raw.fileId,
    kind: raw.kind,
    inode: shared ? raw.fileId : 0,
    device: shared ? SHARED_ANONYMOUS_DEVICE : [0, 0],
    name: shared
      ? namedOr("anon_shmem", given, SHARED_ANONYMOUS)
      : specialName(range, marks, version) || namedOr("anon", given, ""),
  };
}

/** Every VMA that a program can see, lowest address first. The table must not change meanwhile. */
export function* walkVmas(
  process: Process<Abi, "full">,
  version: number,
): Generator<Vma, void, undefined> {
  for (let at = process.raw.first_vma() >>> 0; at !== 0; at = process.raw.next_vma(at) >>> 0) {
    yield readVma(process, at, version);
  }
}

/** The VMA that holds `address`; undefined when none does. */
export function findVma(
  process: Process<Abi, "full">,
  address: number,
  version: number,
): Vma | undefined {
  const found = process.raw.find_vma(address) >>> 0;
  if (found === 0) return undefined;
  const vma = readVma(process, found, version);
  return vma.start <= address && address < vma.end ? vma : undefined;
}
