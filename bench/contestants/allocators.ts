// The contestants, by name, and those that a loop in JavaScript calls.

import { MemPool } from "@thi.ng/malloc";
import { binaryName, type Profile } from "../../src/binary/profile.js";
import type { Abi } from "../../src/layout/address.js";
import { startProcessSync } from "../../src/process/process.js";
import type { Contestant } from "../lab/harness.js";
import { foreignInstance, type ForeignInstance } from "../lab/foreign.js";
import { CALLS, FIVE_FIELDS, KEPT_BLOCKS, ofEngine, surround } from "../lab/loops.js";
import type { JsHeap, LoopPieces, LoopScope } from "../lab/loops.js";
import { pairLoop } from "../lab/workloads.js";
import { wasmModule } from "./binaries.js";

/** This project's allocator, as the tables call it. */
export const OURS: Readonly<Record<Abi, string>> = {
  ilp32: "ptmalloc-wasm",
  lp64: "ptmalloc-wasm lp64",
};
/** The same with the profile "throughput". */
export const THROUGHPUT = "ptmalloc-wasm throughput";
/** The C library of this machine. */
export const NATIVE_NAMES: Readonly<Record<Abi, string>> = {
  ilp32: "glibc i386 (native)",
  lp64: "glibc x86-64 (native)",
};
export const EMPTY = "empty Wasm call";
export const TLSF = "AssemblyScript TLSF";
export const STUB = "AssemblyScript stub";

/** Memory limit of AssemblyScript's allocators, Wasm pages: 2 GiB. */
const FOREIGN_PAGES = 32_768;

/** An allocator that a loop in JavaScript uses. */
export interface JsAllocator {
  readonly name: string;
  /** Block sizes that it stands for; all when absent. */
  readonly sizes?: readonly number[];
  /** Its sizes are BigInts. */
  readonly isBig?: boolean;
  readonly pieces: LoopPieces;
  /** A fresh allocator. */
  scope(): LoopScope;
}

/** Its two functions come off their object: a loop calls them without looking them up. */
function fromWasm(name: string, make: () => JsHeap, isBig = false): JsAllocator {
  const scope = (): LoopScope => {
    const { malloc, free } = make();
    return { malloc, free };
  };
  return { name, isBig, pieces: CALLS, scope };
}

function fromOurs(name: string, abi: Abi, profile: Profile = "glibc"): JsAllocator {
  const wasm = wasmModule(binaryName("core", profile, abi));
  return fromWasm(name, () => startProcessSync({ abi, profile, wasm }).raw, abi === "lp64");
}

function fromEngine(name: string, get: string, sizes?: readonly number[]): JsAllocator {
  const scope = (): LoopScope => ({ table: new Array<unknown>(KEPT_BLOCKS).fill(null) });
  return { name, pieces: ofEngine(get), scope, ...(sizes && { sizes }) };
}

/** @returns one of the modules of bench/assembly that are not this project's heap */
export function peer(name: "empty" | "tlsf-large" | "stub-large"): ForeignInstance {
  return foreignInstance(wasmModule(`peers/${name}`), FOREIGN_PAGES);
}

/** @returns contestants called from JavaScript */
export function jsAllocators(): JsAllocator[] {
  return [
    fromWasm(EMPTY, () => peer("empty").exports),
    fromOurs(OURS.ilp32, "ilp32"),
    fromOurs(THROUGHPUT, "ilp32", "throughput"),
    fromOurs(OURS.lp64, "lp64"),
    fromWasm(TLSF, () => peer("tlsf-large").exports),
    fromWasm(STUB, () => peer("stub-large").exports),
    {
      name: "@thi.ng/malloc",
      pieces: { get: "pool.malloc(bytes)", drop: "pool.free(block);" },
      scope: () => ({ pool: new MemPool({ size: 32 << 20 }) }),
    },
    fromEngine("new Uint8Array(n)", "new Uint8Array(bytes)"),
    fromEngine("new ArrayBuffer(n)", "new ArrayBuffer(bytes)"),
    fromEngine("{ five fields }", FIVE_FIELDS, [64]),
  ];
}

/** @returns the entry of an allocator in a race of pairs of calls from JavaScript */
export function pairContestant(allocator: JsAllocator, bytes: number): Contestant {
  const scope = allocator.scope();
  const loop = pairLoop(`${allocator.name} ${bytes}`, allocator.pieces, scope);
  const argument = allocator.isBig === true ? BigInt(bytes) : bytes;
  if (scope.malloc && scope.free) surround(scope as JsHeap, argument);
  const rounds = 4096;
  const call = (): void => void loop(rounds, argument);
  return { name: allocator.name, unitsPerCall: rounds, call, clocked: null };
}
