// The versions of glibc that native programs can run under: which Debian suite has each, and where
// its files are kept: in a cache outside of this repository, from where programs are started by
// that version's own loader. Nothing is installed.
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ABIS } from "./abis.mjs";

/** The glibc that the machine itself has: Debian 12's. */
export const OWN = "2.36";

/**
 * The suites that have the versions today.
 * @type {Readonly<Record<string, string>>}
 */
export const SUITES = Object.freeze({
  2.31: "bullseye",
  2.36: "bookworm",
  2.41: "trixie",
  2.43: "forky",
  2.44: "experimental",
});

/** @type {readonly string[]} */
export const VERSIONS = Object.keys(SUITES);

/** What Debian calls the layouts: an architecture, its folder of libraries, the loader. */
export const DEBIAN = Object.freeze({
  ilp32: { architecture: "i386", triplet: "i386-linux-gnu", loader: "ld-linux.so.2" },
  lp64: { architecture: "amd64", triplet: "x86_64-linux-gnu", loader: "ld-linux-x86-64.so.2" },
});

/** @returns where versions are kept */
export function cacheFolder() {
  const base = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(base, "ptmalloc-wasm", "glibc");
}

/**
 * @param {string} glibc such as "2.41"
 * @returns {number} 41
 * @throws {RangeError} for what is no version that this project knows
 */
export function minorOf(glibc) {
  if (!VERSIONS.includes(glibc))
    throw new RangeError(`glibc ${glibc} is not one of ${VERSIONS.join(", ")}`);
  return Number(glibc.slice(2));
}

/**
 * @param {string} glibc
 * @param {string} abi "ilp32" or "lp64"
 * @returns where the files of a version that is not the machine's own are, or would be:
 *   the root of what was unpacked, the folder of libraries, the loader
 */
export function placeOf(glibc, abi) {
  const { architecture, triplet, loader } = DEBIAN[abi === "ilp32" ? "ilp32" : "lp64"];
  const root = join(cacheFolder(), glibc, architecture);
  // Debian has had its libraries below /usr since 2.37.
  const libraries = join(root, minorOf(glibc) < 37 ? "lib" : "usr/lib", triplet);
  return { root, libraries, loader: join(libraries, loader) };
}

/**
 * Whether programs can be run under a version.
 * @param {string} glibc
 * @param {string} [abi] one layout; without, both
 * @returns {boolean}
 */
export function hasGlibc(glibc, abi) {
  const abis = abi === undefined ? ABIS : [abi];
  return glibc === OWN || abis.every((one) => existsSync(placeOf(glibc, one).loader));
}

/**
 * @param {string} glibc
 * @param {string} [abi]
 * @throws {Error} where a version is not in the cache, with what to do
 */
export function assertGlibc(glibc, abi) {
  minorOf(glibc);
  if (hasGlibc(glibc, abi)) return;
  throw new Error(
    `there is no glibc ${glibc} in ${cacheFolder()}: npm run oracle -- --glibc ${glibc} --fetch`,
  );
}

/**
 * @param {string} glibc
 * @param {string} abi
 * @returns {string} version and architecture of the package that the cache has, as the fetcher
 *   wrote them down
 */
export function packageOf(glibc, abi) {
  return readFileSync(join(placeOf(glibc, abi).root, "PACKAGE"), "utf8").trim();
}

/** @param {string} glibc @returns {string} where a version's goldens are, with a slash behind */
export function goldenFolder(glibc) {
  const golden = fileURLToPath(new URL("../golden/", import.meta.url));
  return glibc === OWN ? golden : `${golden}glibc-${glibc}/`;
}

/**
 * Where it is written down what machine and packages recorded a version's goldens: in one place,
 * but for 2.36's.
 * @param {string} glibc
 * @param {string} part the goldens' folder
 */
export function recordedFile(glibc, part) {
  return `${goldenFolder(glibc)}${glibc === OWN ? `${part}/` : ""}RECORDED.txt`;
}
