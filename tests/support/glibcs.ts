// The versions of glibc that there are goldens of. 2.36's lie at the top of tests/golden, others in
// a folder of their own.

import type { GlibcVersion } from "../../src/binary/glibc.js";

/** A version, its folder's URL, and what starts a process of it. */
export interface GoldenGlibc {
  readonly glibc: GlibcVersion;
  readonly root: URL;
  /** The option `glibc`, where it is not the default. */
  readonly option: { glibc?: GlibcVersion };
}

const GOLDEN = new URL("../golden/", import.meta.url);

/** All of them, the default first. */
export const GOLDEN_GLIBCS: readonly GoldenGlibc[] = [
  { glibc: "2.36", root: GOLDEN, option: {} },
  ...(["2.41", "2.43", "2.44"] as const).map((glibc) => ({
    glibc,
    root: new URL(`glibc-${glibc}/`, GOLDEN),
    option: { glibc },
  })),
];
