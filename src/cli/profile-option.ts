// The options --profile and --glibc of the commands that have a heap.

import { InvalidArgumentError, Option } from "commander";
import { GLIBC_NAMES, glibcVersion, type GlibcVersion } from "../binary/glibc.js";
import { PROFILES, type Profile } from "../binary/profile.js";
import { DEFAULT_GLIBC } from "../layout/generated.js";
import { UsageError } from "./io.js";

/** Which heap a command is to have. */
export interface HeapChoice {
  /** "glibc", unless it is said. */
  readonly profile?: Profile;
  /** The default's, unless it is said; for the profile "glibc" alone. */
  readonly glibc?: GlibcVersion | undefined;
}

/** @returns the option --profile, for a command of its own */
export function profileOption(): Option {
  return new Option(
    "--profile <profile>",
    "which heap: glibc's, address for address, or the one for throughput, or for small memories " +
      "(docs/profiles.md)",
  )
    .choices(PROFILES)
    .default("glibc");
}

/** @returns the option --glibc, for a command of its own; its value is the build's version */
export function glibcOption(): Option {
  return new Option(
    "--glibc <version>",
    `which glibc's malloc (default: ${DEFAULT_GLIBC}; docs/glibc-versions.md)`,
  )
    .choices(GLIBC_NAMES)
    .argParser(readVersion);
}

/** @returns the version whose build a name means @throws InvalidArgumentError, with all names */
export function readVersion(name: string): GlibcVersion {
  try {
    return glibcVersion(name);
  } catch (error) {
    // Which option it is stands in front of it already.
    const rule = (error as Error).message.replace(/^option "glibc": t/, "T");
    throw new InvalidArgumentError(`${rule}.`);
  }
}

/** @throws UsageError for a version of glibc together with a heap that is not glibc's */
export function checkHeapChoice({ profile = "glibc", glibc }: HeapChoice): void {
  if (glibc !== undefined && profile !== "glibc")
    throw new UsageError(`--glibc is for the profile glibc, not for --profile ${profile}`);
}

/** @returns the choice as the options of a process; what is not said is left out */
export function heapOptions({ glibc }: HeapChoice): { glibc?: GlibcVersion } {
  return glibc === undefined ? {} : { glibc };
}

/** @returns which glibc a heap is; null where it is none of them */
export function glibcText({ profile = "glibc", glibc }: HeapChoice): GlibcVersion | null {
  return profile === "glibc" ? (glibc ?? DEFAULT_GLIBC) : null;
}

/** @returns what reports call the heap */
export function heapText({ profile = "glibc", glibc = DEFAULT_GLIBC }: HeapChoice): string {
  return profile === "glibc" ? `glibc ${glibc}'s malloc` : `the profile "${profile}"`;
}
