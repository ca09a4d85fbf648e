// Is each version of glibc as fast here as its original?
//
// Rationale: what a version costs is its own algorithm first, and only then how well it is compiled
// here. So each is raced with the original of the same version, in one run: `npm run oracle --
// --glibc 2.43 --fetch` brings that one, which its own loader starts.
//
// Caveats: those of `replay`. Debian compiles its versions with compilers of different years. What
// runs where a kernel has no programs of 32 bits is left out.

import type { Question } from "../lab/question.js";
import { cellOf, recordingsResult, tableOf } from "./lab.js";

const OTHERS = ["2.41", "2.43", "2.44"] as const;

export const versions: Question = {
  name: "versions",
  question: "Is each version of glibc as fast here as its original?",
  isLong: true,
  async answer(scale) {
    const names = ["glibc", "versions", "glibc-x86-64", "glibc-i386", "nothing", "nothing-native"];
    const result = await recordingsResult(names, scale);
    return tableOf(result, "recording", "ns an operation, warm", ({ warm }) => cellOf(warm), [
      ["glibc", "glibc-x86-64", 1],
      ["glibc", "glibc-i386", 0.85],
      ...OTHERS.map((one) => [`glibc-${one}`, `glibc-${one}-x86-64`, 1] as const),
      ...OTHERS.map((one) => [`glibc-${one}`, `glibc-${one}-i386`, 0.85] as const),
    ]);
  },
};
