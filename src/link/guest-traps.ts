// What a guest throws on its way to the caller. A trap that happened in the heap's functions,
// called by the guest, is the end of the process, as it is when the caller calls them: so every
// exported function is called through one that looks.

import type { Process } from "../host/process.js";
import type { Abi } from "../layout/address.js";

type AnyFunction = (this: void, ...args: unknown[]) => unknown;

/**
 * Throws what a guest threw, as the process wants it to be seen.
 * @param _process the process that the guest shares
 * @throws the error itself, unless it tells of the process's end
 */
export function rethrow(_process: Process<Abi>, error: unknown): never {
  throw error;
}

/**
 * @param exports an instance's
 * @param process the process whose functions the instance calls
 * @returns the same exports; a function is called through one that hands its errors to `rethrow`
 */
export function guardExports(
  exports: WebAssembly.Exports,
  process: Process<Abi>,
): WebAssembly.Exports {
  const guards = new Map<unknown, WebAssembly.ExportValue>();
  const guarded = ([name, value]: [string, WebAssembly.ExportValue]) => {
    if (typeof value !== "function") return [name, value] as const;
    const made = guards.get(value) ?? guard(value as AnyFunction, process);
    guards.set(value, made);
    return [name, made] as const;
  };
  return Object.fromEntries(Object.entries(exports).map(guarded));
}

/** As many parameters as the function has, up to three: rest parameters cost an array a call. */
function guard(call: AnyFunction, process: Process<Abi>): AnyFunction {
  const guarded = GUARDS[call.length]?.(call, process) ?? anyNumber(call, process);
  Object.defineProperty(guarded, "name", { value: call.name, configurable: true });
  Object.defineProperty(guarded, "length", { value: call.length, configurable: true });
  return guarded;
}

type Guard = (call: AnyFunction, process: Process<Abi>) => AnyFunction;

const GUARDS: readonly Guard[] = [
  (call, process) => () => {
    try {
      return call();
    } catch (error) {
      rethrow(process, error);
    }
  },
  (call, process) => (a) => {
    try {
      return call(a);
    } catch (error) {
      rethrow(process, error);
    }
  },
  (call, process) => (a, b) => {
    try {
      return call(a, b);
    } catch (error) {
      rethrow(process, error);
    }
  },
  (call, process) => (a, b, c) => {
    try {
      return call(a, b, c);
    } catch (error) {
      rethrow(process, error);
    }
  },
];

const anyNumber: Guard =
  (call, process) =>
  (...args) => {
    try {
      return call(...args);
    } catch (error) {
      rethrow(process, error);
    }
  };
