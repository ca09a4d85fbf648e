// The third module of a merged one, as text: starts the heap before anything else runs, and stands
// in for the host.

import { FAILURE_ADDRESS_EXPORT, FAILURE_EXPORT } from "../../link/failure.js";
import { HEAP_MODULE } from "../../link/guest.js";
import type { TunableSetting } from "../../process/tunables.js";

/** The name that wasm-merge knows this module by. */
export const GLUE_MODULE = "ptmalloc-glue";

/**
 * Before the names of the heap's exports while modules are merged: the guest may have functions of
 * the same name.
 */
export const HEAP_PREFIX = `${HEAP_MODULE}:`;

/** Where it has the stand-in for `host.fail`. */
export const FAIL_EXPORT = "ptmalloc_fail";

/** The arguments of the heap's `initialize`, and its tunables. */
export interface HeapStart {
  readonly base: number;
  readonly startBrk: number;
  readonly mmapBase: number;
  readonly taskSize: number;
  readonly flags: number;
  readonly tunables: readonly TunableSetting[];
}

/**
 * A start function runs once, after the data was laid and before any export can be called: so the
 * heap is there for the first malloc, which need not look. When the memory cannot hold even an
 * empty heap it traps, with ENOMEM's number negated for a code.
 * @returns a module in WebAssembly's text format
 */
export function glueText(start: HeapStart): string {
  const { base, startBrk, mmapBase, taskSize, flags } = start;
  const numbers = [base, startBrk, mmapBase, taskSize, flags].map(i32).join(" ");
  const tunables = start.tunables.map(
    ({ id, value }) => `    (drop (call $set_tunable ${i32(id)} ${i32(Number(value))}))\n`,
  );
  return `(module
  (import "${HEAP_MODULE}" "${HEAP_PREFIX}initialize"
    (func $initialize (param i32 i32 i32 i32 i32) (result i32)))
  (import "${HEAP_MODULE}" "${HEAP_PREFIX}set_tunable"
    (func $set_tunable (param i32 i32) (result i32)))
  (global $failure (export "${FAILURE_EXPORT}") (mut i32) (i32.const 0))
  (global $address (export "${FAILURE_ADDRESS_EXPORT}") (mut i32) (i32.const 0))
  (func $fail (export "${FAIL_EXPORT}") (param $code i32) (param $where i32)
    (global.set $failure (local.get $code))
    (global.set $address (local.get $where))
    (unreachable))
  (func $start (local $error i32)
    (local.set $error (call $initialize ${numbers}))
    (if (local.get $error) (then (call $fail (local.get $error) ${i32(base)})))
${tunables.join("")}  )
  (start $start))
`;
}

function i32(value: number): string {
  return `(i32.const ${value | 0})`;
}
