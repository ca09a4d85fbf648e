// Options that are given for an image which is there already must agree with what it has.

import { glibcOf, glibcVersion, type GlibcVersion } from "../binary/glibc.js";
import type { RawExports } from "../binary/exports.js";
import { addressOption, type ProcessOptions } from "../process/options.js";
import { readStruct } from "../layout/struct.js";
import { structsOf, type Structs } from "../layout/structs.js";
import { parseTunables, refusal } from "../process/tunable-text.js";
import type { TunableSetting } from "../process/tunables.js";
import type { Abi } from "../layout/address.js";
import { Tunable } from "../layout/generated.js";
import { HeapImageError } from "./errors.js";
import { fingerprintOf } from "./header.js";
import type { HeapImageHeader } from "./header.js";
import type { HeapImageOptions } from "./open.js";

const PLACES = ["base", "startBrk", "mmapBase", "taskSize", "layout"] as const;

/**
 * Compares what the header says with the options.
 * @throws TypeError or RangeError for an address that no heap could have
 * @throws HeapImageError "other-abi", "other-glibc" or "other-address", naming the option
 */
export function assertSame(path: string, options: HeapImageOptions, header: HeapImageHeader): void {
  const { abi = "ilp32" } = options;
  if (abi !== header.abi) {
    const says = options.abi === undefined ? `is not given, which means ${abi}` : `says ${abi}`;
    const rule = `the image is of the layout ${header.abi}, the option "abi" ${says}`;
    throw new HeapImageError("other-abi", path, rule);
  }
  assertSameGlibc(path, options, header);
  addressOption("startBrk", options.startBrk, 0, header.base);
  addressOption("taskSize", options.taskSize, 0, header.base);
  for (const name of PLACES) {
    const wanted = options[name];
    if (wanted === undefined || wanted === header[name]) continue;
    const rule = `the image has ${name} ${header[name]}, the option "${name}" says ${wanted}`;
    throw new HeapImageError("other-address", path, rule);
  }
}

/** Only glibc's own heap has versions; of another profile the structs tell. */
function assertSameGlibc(path: string, options: HeapImageOptions, header: HeapImageHeader): void {
  const { glibc, profile = "glibc", wasm } = options;
  // What a given binary is, is seen when it is there.
  if (profile !== "glibc" || (glibc === undefined && wasm !== undefined)) return;
  const asked = glibcVersion(glibc);
  if (asked === header.glibc) return;
  const says = glibc === undefined ? `is not given, which means ${asked}` : `says ${glibc}`;
  const rule = `the image is of glibc ${header.glibc}'s malloc, the option "glibc" ${says}`;
  throw new HeapImageError("other-glibc", path, rule);
}

/**
 * Compares what the header says with the binary that is to go on with the image.
 * @param binary its structs, and which glibc it is
 * @param kernelBytes bytes from the base that are the kernel's and libc's there
 * @throws HeapImageError "other-glibc" or "other-layout"
 */
export function assertSameLayout(
  path: string,
  header: HeapImageHeader,
  { structs, glibc }: { readonly structs: Structs; readonly glibc: GlibcVersion },
  kernelBytes: number,
): void {
  if (glibc !== header.glibc) {
    const rule = `the image is of glibc ${header.glibc}'s malloc, the binary is glibc ${glibc}`;
    throw new HeapImageError("other-glibc", path, rule);
  }
  const refuse = (rule: string): never => {
    throw new HeapImageError("other-layout", path, rule);
  };
  if (fingerprintOf(structs, header.version, glibc) !== header.fingerprint)
    refuse(
      "the image was written by a version whose structs are laid out differently, " +
        'or in another profile (option "profile")',
    );
  if (kernelBytes !== header.kernelBytes)
    refuse(
      `the image has ${header.kernelBytes} bytes of the kernel's and libc's, ` +
        `this version ${kernelBytes}`,
    );
}

/** A process that came back, and the options' settings for one that would be new. */
export interface Restored {
  readonly memory: WebAssembly.Memory;
  readonly tunables: readonly TunableSetting[];
}

/** The binary that brought it back. */
export interface RestoredBy {
  readonly abi: Abi;
  readonly module: WebAssembly.Module;
}

/** What the settings of tunables are kept in: `mp_`, and other globals of malloc's. */
function parametersOf(memory: WebAssembly.Memory, raw: RawExports, structs: Structs) {
  const view = new DataView(memory.buffer);
  const { MallocPar, LibcData } = structs;
  const { scratch, ...others } = LibcData.fields;
  return {
    ...readStruct(view, (raw.scratch() >>> 0) - scratch.offset, { ...LibcData, fields: others }),
    ...readStruct(view, raw.malloc_par() >>> 0, MallocPar),
  } as Readonly<Record<string, unknown>>;
}

/**
 * Sets the tunables that the caller gave, and what the model's machine offers, once more: what is
 * in force already changes nothing thereby.
 * @throws HeapImageError "other-tunables" naming the setting, and what the image has;
 *   TunableRefusal
 */
export function assertSameTunables(
  path: string,
  { memory, tunables }: Restored,
  raw: RawExports,
  { abi, module }: RestoredBy,
  options: Pick<ProcessOptions, "tunables" | "lenientTunables">,
): void {
  const { tunables: given = {}, lenientTunables = false } = options;
  const glibc = glibcOf(module);
  const structs = structsOf(module, abi);
  // The tunables of the plan may be a heap's defaults.
  const machine = tunables.filter(({ id }) => id > Tunable.HUGETLB);
  // Of several settings of one tunable the last counts.
  const settings = new Map<number, TunableSetting>();
  for (const setting of [...machine, ...parseTunables(given, abi, lenientTunables, glibc)]) {
    settings.set(setting.id, setting);
  }
  for (const { name, id, value } of settings.values()) {
    const before = parametersOf(memory, raw, structs);
    const isSet = raw.set_tunable(id, abi === "lp64" ? value : Number(value)) !== 0;
    if (!isSet && !lenientTunables) throw refusal(name, value, abi, module);
    const after = parametersOf(memory, raw, structs);
    const field = Object.keys(before).find((key) => String(before[key]) !== String(after[key]));
    if (field === undefined) continue;
    const rule =
      `"${name}" is given as ${value}, which makes ${field} ${String(after[field])}, ` +
      `but the image has ${String(before[field])}`;
    throw new HeapImageError("other-tunables", path, rule);
  }
}
