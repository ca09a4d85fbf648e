// The option --profile of the commands that have a heap.

import { Option } from "commander";
import { PROFILES, type Profile } from "../binary/profile.js";

/** @returns the option, for a command of its own */
export function profileOption(): Option {
  return new Option(
    "--profile <profile>",
    "which heap: glibc's, address for address, or the one for throughput, or for small memories " +
      "(docs/profiles.md)",
  )
    .choices(PROFILES)
    .default("glibc");
}

/** @returns what reports call the heap of a profile */
export function heapText(profile: Profile = "glibc"): string {
  return profile === "glibc" ? "glibc 2.36's malloc" : `the profile "${profile}"`;
}
