// strace's -e expressions, as far as they make sense here: which system calls are shown (`trace=`,
// also without the word), and whether the successful or the failed ones (`status=`). A later
// expression of a kind replaces an earlier one, as in strace.

import type { Abi } from "../../layout/address.js";
import { straceNames, syscallNumber, type SyscallName } from "../syscall-names.js";

/** An -e expression that strace would refuse, or that this model has no use for. */
export class FilterError extends Error {
  /** "FilterError", also where a bundler has renamed the class. */
  override readonly name = "FilterError";
}

/** Which system calls are shown. */
export interface StraceFilter {
  /**
   * Names of the calls that are traced, undefined for all; those without a name are traced in any
   * case.
   */
  readonly calls: ReadonlySet<string> | undefined;
  /** Whether calls that succeeded are shown. */
  readonly successful: boolean;
  /** Whether calls that failed are shown. */
  readonly failed: boolean;
}

/** Everything is shown. */
export const SHOW_ALL: StraceFilter = { calls: undefined, successful: true, failed: true };

/** The calls on descriptors that are not calls on memory. */
const ON_FILES: ReadonlySet<SyscallName> = new Set([
  "close",
  "pread64",
  "pwrite64",
  "ftruncate",
  "ftruncate64",
  "fsync",
  "fdatasync",
]);

/** What is not about memory: limits, and what a process asks about itself. */
const OTHERS: ReadonlySet<string> = new Set<SyscallName>([
  ...(["getrlimit", "ugetrlimit", "setrlimit", "prlimit64"] as const),
  ...(["prctl", "getpid", "gettid"] as const),
]);

/** strace's classes of calls. No call here takes a path. */
const CLASSES: Readonly<Record<string, (name: SyscallName) => boolean>> = {
  memory: (name) => !ON_FILES.has(name) && !OTHERS.has(name),
  desc: (name) => ON_FILES.has(name) || name === "mmap" || name === "mmap2",
  file: () => false,
};

/** The layout that a name may belong to as well: strace knows both of a machine's. */
const ABIS: readonly Abi[] = ["ilp32", "lp64"];

function invalid(word: string): FilterError {
  const known = [...new Set(ABIS.flatMap((abi) => straceNames(abi)))].sort().join(", ");
  return new FilterError(`invalid system call '${word}' (there are ${known})`);
}

/** The calls that one word of a set stands for. */
function callsOf(word: string, abi: Abi): Iterable<string> {
  const all = straceNames(abi);
  if (word === "all") return all;
  const category = CLASSES[word.replace(/^%/, "")];
  if (category !== undefined) return all.filter(category);
  if (word.startsWith("/")) return all.filter((name) => regular(word.slice(1)).test(name));
  if (/^\d+$/.test(word)) return all.filter((name) => syscallNumber(name, abi) === Number(word));
  const name = word.replace(/^\?/, "");
  if (ABIS.some((each) => straceNames(each).includes(name as SyscallName))) return [name];
  if (word.startsWith("?") && name !== "") return [];
  throw invalid(word);
}

function regular(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch {
    throw new FilterError(`invalid regular expression '${pattern}'`);
  }
}

/**
 * A set as `trace=` takes it: names, numbers, %classes, /regular expressions, all, none; ! turns it
 * round.
 */
function traceSet(text: string, abi: Abi): ReadonlySet<string> | undefined {
  const isInverted = text.startsWith("!");
  const body = isInverted ? text.slice(1) : text;
  const words = body.split(",").filter((word) => word !== "");
  if (words.length === 0) throw invalid(body);
  const named = new Set(body === "none" ? [] : words.flatMap((word) => [...callsOf(word, abi)]));
  if (!isInverted) return body === "all" ? undefined : named;
  return body === "none" ? undefined : new Set(straceNames(abi).filter((name) => !named.has(name)));
}

function statusSet(text: string): Pick<StraceFilter, "successful" | "failed"> {
  const isInverted = text.startsWith("!");
  const words = text.replace(/^!/, "").split(",");
  for (const word of words) {
    if (
      !["all", "none", "successful", "failed", "unfinished", "unavailable", "detached"].includes(
        word,
      )
    )
      throw new FilterError(`invalid status '${word}'`);
  }
  const has = (word: string) => (words.includes("all") || words.includes(word)) !== isInverted;
  return { successful: has("successful"), failed: has("failed") };
}

/**
 * Reads -e expressions.
 * @param expressions such as "trace=brk,mmap2", "!munmap", "%memory", "status=failed"
 * @throws FilterError with strace's message for what strace refuses
 */
export function parseFilter(expressions: readonly string[], abi: Abi): StraceFilter {
  let filter = SHOW_ALL;
  for (const expression of expressions) {
    const [, key = "trace", value = ""] = /^(?:([a-z-]+)=)?(.*)$/s.exec(expression) ?? [];
    if (key === "trace" || key === "t") filter = { ...filter, calls: traceSet(value, abi) };
    else if (key === "status") filter = { ...filter, ...statusSet(value) };
    else throw new FilterError(`-e ${key}= is not supported, only trace= and status=`);
  }
  return filter;
}
