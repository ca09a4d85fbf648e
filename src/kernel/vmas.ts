// The region table as it is now: a walk over the kernel's VMAs in linear memory, in address order.

import { PAGE_BYTES } from "../process/options.js";
import type { Process } from "../process/process.js";
import { readStruct } from "../layout/struct.js";
import type { Abi } from "../layout/address.js";
import type { HostFile } from "./files/host-file.js";
import { SHARED_ANONYMOUS, SHARED_ANONYMOUS_DEVICE, specialName, type Region } from "./regions.js";

/** One mapping, copied out of the table: it does not change when the table does. */
export interface Vma extends Region {
  /** Where the struct lies in linear memory. */
  readonly address: number;
  /** vm_pgoff, pages: the file's, or for private anonymous memory where it was first mapped. */
  readonly pgoff: number;
  /** Which anon_vma it has; 0 before the first write. */
  readonly anonId: number;
  /** Which open file description, 0 for none; shared anonymous memory has one. */
  readonly fileId: number;
  /** The host's file that it maps. */
  readonly file: HostFile | undefined;
  /**
   * Whose it is: VmaKind.USER the program's, VmaKind.FOREIGN memory that a guest or the host grew
   * by itself.
   */
  readonly kind: number;
}

/** What the names of mappings depend on besides the table. */
export interface NameSource {
  /** The kernel's version, as in the option KERNEL_VERSION. */
  readonly version: number;
  /** The host's file with this number. */
  file(number: number): HostFile | undefined;
}

/** What maps says about where a mapping's bytes come from. */
type Origin = Pick<Region, "offset" | "inode" | "device" | "name">;

function fileOrigin(pgoff: number, file: HostFile): Origin {
  const name = file.isDeleted ? `${file.path} (deleted)` : file.path;
  return { offset: pgoff * PAGE_BYTES, inode: file.inode, device: file.device, name };
}

/** Where shared memory without a name is: in a file of the kernel's own making. */
function sharedOrigin(pgoff: number, fileId: number, given: string | undefined): Origin {
  const name = given === undefined ? SHARED_ANONYMOUS : `[anon_shmem:${given}]`;
  return { offset: pgoff * PAGE_BYTES, inode: fileId, device: SHARED_ANONYMOUS_DEVICE, name };
}

/**
 * The name that the program has given to memory whose label is at `label`; undefined where it has
 * given none.
 */
function givenName(process: Process<Abi, "full">, label: number): string | undefined {
  if (label === 0) return undefined;
  const layout = process.structs.VmaLabel;
  if (readStruct(process.view(), label, layout).hasName === 0) return undefined;
  const { offset, size, count } = layout.fields.text;
  const bytes = process.u8().subarray(label + offset, label + offset + size * count);
  return String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0)));
}

/** The host's file that a region maps; undefined for none. */
function fileAt(process: Process<Abi, "full">, vmFile: number, names: NameSource) {
  if (vmFile === 0) return undefined;
  return names.file(readStruct(process.view(), vmFile, process.structs.OpenFile).host);
}

/** The VMA whose struct is at `address`. */
export function readVma(process: Process<Abi, "full">, address: number, names: NameSource): Vma {
  const raw = readStruct(process.view(), address, process.structs.Vma);
  const range = { start: raw.vmStart, end: raw.vmEnd };
  const given = givenName(process, raw.nameId);
  const file = fileAt(process, raw.vmFile, names);
  let origin: Origin;
  if (file !== undefined) {
    origin = fileOrigin(raw.vmPgoff, file);
  } else if (raw.vmFile !== 0) {
    origin = sharedOrigin(raw.vmPgoff, raw.fileId, given);
  } else {
    const special = specialName(range, process.mm(), names.version);
    const name = special === "" && given !== undefined ? `[anon:${given}]` : special;
    origin = { offset: 0, inode: 0, device: [0, 0], name };
  }
  return {
    address,
    ...range,
    flags: raw.vmFlags,
    pgoff: raw.vmPgoff,
    anonId: raw.anonId,
    fileId: raw.fileId,
    file,
    kind: raw.kind,
    ...origin,
  };
}

/** Every VMA that a program can see, lowest address first. The table must not change meanwhile. */
export function* walkVmas(
  process: Process<Abi, "full">,
  names: NameSource,
): Generator<Vma, void, undefined> {
  for (let at = process.raw.first_vma() >>> 0; at !== 0; at = process.raw.next_vma(at) >>> 0) {
    yield readVma(process, at, names);
  }
}

/** The VMA that holds `address`; undefined when none does. */
export function findVma(
  process: Process<Abi, "full">,
  address: number,
  names: NameSource,
): Vma | undefined {
  const found = process.raw.find_vma(address) >>> 0;
  if (found === 0) return undefined;
  const vma = readVma(process, found, names);
  return vma.start <= address && address < vma.end ? vma : undefined;
}
