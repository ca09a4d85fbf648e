// Calls that were made, by name and with numbers: what a session, or a program, records, so that
// the same can be made again in another process. Malloc and the kernel are deterministic, so the
// same calls give the same addresses.

import type { Kernel } from "../kernel/kernel.js";
import { KernelOption } from "../layout/generated.js";
import { isInside } from "../inspect/source.js";
import { int, NUMERIC } from "./script/calls.js";
import { OPTION_NAMES } from "./script/run.js";

/** One call: a function of C's that takes numbers, or `store`, a write into the memory. */
export interface MadeCall {
  /** Its name: `malloc`, `mmap`, `store` … */
  readonly name: string;
  /** Its arguments, in C's order: sizes and addresses in bytes. */
  readonly args: readonly bigint[];
}

type Made = (kernel: Kernel, args: bigint[]) => number | bigint;

/** Those that the language has in another form. */
const OTHERS: Readonly<Record<string, Made>> = {
  posix_memalign: ({ process }, [alignment = 0n, size = 0n]) =>
    process.posixMemalign(alignment, size).address,
  sysctl: (kernel, [id, value = 0n]) => {
    const name = OPTION_NAMES.find((each) => BigInt(KernelOption[each]) === id);
    if (name === undefined) throw new RangeError(`the kernel has no setting ${id}`);
    kernel.setOption(name, Number(value));
    return 0;
  },
  prctl: (kernel, [option, attribute = 0n, start = 0n, length = 0n, last = 0n]) =>
    kernel.prctl(int(option), attribute, start, length, last),
  store: ({ process }, [address = 0n, value = 0n, bytes = 1n]) => {
    const [at, count] = [Number(address), Number(bytes)];
    if (![1, 2, 4, 8].includes(count)) throw new RangeError(`store of ${count} bytes`);
    if (!isInside(process, at, count))
      throw new RangeError(`store at 0x${address.toString(16)}: outside the memory`);
    for (let i = 0; i < count; i++) process.u8()[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    return value;
  },
};

/** @returns the names of all calls that {@link makeCall} makes */
export function madeCallNames(): string[] {
  return [...Object.keys(NUMERIC), ...Object.keys(OTHERS)];
}

/**
 * Makes a call.
 * @param kernel whose process makes it
 * @returns what the function returned; of `free` 0, of posix_memalign the block's address
 * @throws RangeError for a name or an argument that there is not; HeapAbort; a MemoryFault where a
 *   signal would have been the answer
 */
export function makeCall(kernel: Kernel, { name, args }: MadeCall): bigint {
  const found = Object.hasOwn(NUMERIC, name) ? NUMERIC[name]!.run : undefined;
  const made = found ?? (Object.hasOwn(OTHERS, name) ? OTHERS[name] : undefined);
  if (made === undefined) throw new RangeError(`there is no call named ${name.slice(0, 40)}`);
  return BigInt(made(kernel, [...args]));
}
