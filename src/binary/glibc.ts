// Which glibc a binary is. One that is not the default's says so in its section "glibc", with what
// the host must know of that version; of the default, what the host has built in holds.

import { show } from "../base/checks.js";
import { sectionText } from "../layout/structs.js";
import { DEFAULT_GLIBC, GLIBC_VERSIONS } from "../layout/generated.js";

/** A version of glibc that there is a build of. */
export type GlibcVersion = (typeof GLIBC_VERSIONS)[number];

/** A version as it may be asked for: those without a build of their own have another's. */
export type GlibcName = GlibcVersion | keyof typeof SAME;

export { GLIBC_VERSIONS };

/**
 * Versions without builds of their own, and whose they have. 2.31 is proven to place every block
 * where 2.36 does, and 2.32 to 2.35 lie between; 2.39 is what 2.40 is, and neither is proven.
 */
const SAME = {
  "2.31": "2.36",
  "2.32": "2.36",
  "2.33": "2.36",
  "2.34": "2.36",
  "2.35": "2.36",
  "2.39": "2.40",
} as const satisfies Readonly<Record<string, GlibcVersion>>;

/** The versions that may be asked for, the oldest first. */
export const GLIBC_NAMES = [
  ...(Object.keys(SAME) as (keyof typeof SAME)[]),
  ...GLIBC_VERSIONS,
].sort() as readonly GlibcName[];

/**
 * The version whose build is to be used.
 * @param name the default's, unless it is given
 * @throws RangeError for a version that there is none of, with the list
 */
export function glibcVersion(name: unknown = DEFAULT_GLIBC): GlibcVersion {
  const version = SAME[name as keyof typeof SAME] ?? name;
  if (GLIBC_VERSIONS.includes(version)) return version;
  throw new RangeError(`option "glibc": there are ${GLIBC_NAMES.join(", ")}, got ${show(name)}`);
}

/** What a binary says of its glibc. */
export interface GlibcSection {
  readonly version: GlibcVersion;
  /** The tunables: the least value of each, and the greatest where that is not SIZE_MAX. */
  readonly tunables: Readonly<Record<string, readonly [min: number, max?: number]>>;
}

/** Reads `NAME[LEAST][:MOST]`. */
function parseTunable(text: string): [string, GlibcSection["tunables"][string]] {
  const [, name = "", least = "0", most] = /^([a-z_]+)(\d*)(?::(\d+))?$/.exec(text) ?? [];
  return [name, most === undefined ? [Number(least)] : [Number(least), Number(most)]];
}

const known = new WeakMap<WebAssembly.Module, GlibcSection | undefined>();

/** @returns what a binary says of its glibc; undefined for the default's */
export function glibcSection(module: WebAssembly.Module): GlibcSection | undefined {
  if (!known.has(module)) known.set(module, readSection(module));
  return known.get(module);
}

function readSection(module: WebAssembly.Module): GlibcSection | undefined {
  const text = sectionText(module, "glibc");
  if (text === undefined) return undefined;
  const [version, tunables = ""] = text.split("\n");
  return {
    version: version as GlibcVersion,
    tunables: Object.fromEntries(tunables.split(" ").map(parseTunable)),
  };
}

/**
 * @returns where a binary's glibc has its assertions, in their order in `Failure`: a line, and the
 *   function where that has another name than in the default's; "0" where there is none. undefined
 *   for the default's, which names functions alone.
 */
export function assertionPlaces(module: WebAssembly.Module): readonly string[] | undefined {
  return sectionText(module, "glibc")?.split("\n")[2]?.split(",");
}

/** @returns the version of a binary */
export function glibcOf(module: WebAssembly.Module): GlibcVersion {
  return glibcSection(module)?.version ?? DEFAULT_GLIBC;
}

/** @throws TypeError where a binary is of another version than is asked for */
export function checkGlibc(module: WebAssembly.Module, asked: GlibcVersion | undefined): void {
  if (asked === undefined) return;
  const is = glibcOf(module);
  if (asked !== is)
    throw new TypeError(`option "glibc": the binary is glibc ${is}, and ${asked} is asked for`);
}
