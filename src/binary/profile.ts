// Which heap a binary is: glibc's, one made for speed, or one for little memory. The binary says it
// itself, by the structs that it has.

import { structsOf } from "../layout/structs.js";
import type { Abi } from "../layout/address.js";
import { DEFAULT_GLIBC } from "../layout/generated.js";
import type { Build } from "./exports.js";
import type { GlibcVersion } from "./glibc.js";

/**
 * Which heap: "glibc" is glibc 2.36's, address for address; "throughput" has the same chunks,
 * arenas and system calls, and looks for speed where glibc looks for a place; "small" is for where
 * memory is dear. docs/profiles.md has what they change, and what that costs.
 */
export type Profile = "glibc" | "throughput" | "small";

/** The profiles, the default first. */
export const PROFILES = ["glibc", "throughput", "small"] as const satisfies readonly Profile[];

function refuse(what: string, ...profiles: readonly Profile[]): never {
  throw new TypeError(`option "profile": ${what} has "${profiles.join('", "')}"`);
}

/**
 * Whether `build` is to be had in `profile`. "small" has one arena, for which threads would wait;
 * and the full build is for looking at system calls, not for little memory.
 */
export function buildHasProfile(build: Build, profile: Profile): boolean {
  return profile !== "small" || (build !== "full" && build !== "threads");
}

/** @throws TypeError where `build` is not to be had in `profile` */
export function checkBuildHasProfile(build: Build, profile: Profile = "glibc"): void {
  if (!buildHasProfile(build, profile))
    refuse(`the build "${build}"`, ...PROFILES.filter((one) => buildHasProfile(build, one)));
}

/** @returns the name of a binary's file in build/, without its ending */
export function binaryName(
  build: Build,
  profile: Profile,
  abi: Abi,
  glibc: GlibcVersion = DEFAULT_GLIBC,
): string {
  const kind = profile === "glibc" ? glibc : profile;
  return `${kind === DEFAULT_GLIBC ? build : `${build}-${kind}`}.${abi}`;
}

/** @returns the profile of a binary that `checkBinary` has found good */
export function profileOf(module: WebAssembly.Module, abi: Abi): Profile {
  const structs = structsOf(module, abi);
  if ("ClassCache" in structs) return "throughput";
  return "TcachePerthreadStruct" in structs ? "glibc" : "small";
}

/** @throws TypeError where a binary is not of the profile that is asked for */
export function checkProfile(module: WebAssembly.Module, abi: Abi, profile?: Profile): void {
  const is = profileOf(module, abi);
  if (profile !== undefined && profile !== is) refuse("the binary", is);
}
