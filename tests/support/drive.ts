// Drives a process through a trace from JavaScript, one raw call per operation: for tests that want
// to look between operations.

import { OpKind } from "../../src/layout/generated.js";
import type { Abi } from "../../src/layout/address.js";
import type { Build } from "../../src/binary/exports.js";
import type { Process } from "../../src/process/process.js";
import { NEVER_LIVE_SLOT, type Trace } from "../../src/trace/trace.js";

/** A size of the trace as the layout has it: cut to SIZE_MAX. */
function size(process: Process<Abi, Build>, low: number, high: number): number | bigint {
  if (process.abi === "lp64") return (BigInt(high) << 32n) | BigInt(low);
  return high > 0 ? 0xffffffff : low;
}

/** What an operation asked for and got. */
export interface Step {
  kind: OpKind;
  slot: number;
  /** Address of the block before, for realloc and free; 0 for NULL. */
  before: number;
  /** Result; 0 for NULL and for free. */
  result: number;
  /** Bytes asked for, rounded to a double. */
  bytes: number;
}

/** The blocks that are live, by slot. */
export type LiveBlocks = Map<number, { address: number; bytes: number }>;

/** Runs operation `index` of a trace and keeps `live`. */
export function step(
  process: Process<Abi, Build>,
  trace: Trace,
  index: number,
  live: LiveBlocks,
): Step {
  const kind = (trace.idKinds[index]! & 7) as OpKind;
  const slot = trace.idKinds[index]! >>> 3;
  const x = size(process, trace.xLow[index]!, trace.xHigh[index]!);
  const y = size(process, trace.yLow[index]!, trace.yHigh[index]!);
  const before = live.get(slot)?.address ?? 0;
  let result = 0;
  let bytes = Number(x);
  if (kind === OpKind.MALLOC) result = process.malloc(x);
  else if (kind === OpKind.REALLOC) result = process.realloc(before, x);
  else if (kind === OpKind.FREE) process.free(before);
  else if (kind === OpKind.CALLOC) {
    result = process.calloc(x, y);
    bytes = Number(x) * Number(y);
  } else {
    result = process.memalign(x, y);
    bytes = Number(y);
  }
  if (slot !== NEVER_LIVE_SLOT) {
    if (result !== 0) live.set(slot, { address: result, bytes });
    else if (kind !== OpKind.REALLOC || bytes === 0) live.delete(slot);
  }
  return { kind, slot, before, result, bytes };
}

/** Frees all live blocks. */
export function releaseAll(process: Process<Abi, Build>, live: LiveBlocks): void {
  for (const { address } of live.values()) process.free(address);
  live.clear();
}
