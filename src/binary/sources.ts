// Where the package's entries have their binaries from: inlined or static where the entry says so,
// else the file in build/, beside the folder that this file is in, both in a checkout and in the
// installed package.

import type { Binaries, WasmInput, WasmSource } from "./load.js";
import { ARCHIVE, archived } from "./archive.js";
import { isBinary, needed } from "../base/realm.js";
import { fetchBinary, fetchBinarySync } from "./fetch.js";

/** Binaries that an entry brings, by build and layout, such as "core.ilp32". */
export type BinaryTable = Readonly<
  Record<string, (() => WasmSource | URL | undefined) | undefined>
>;

// Bundlers that see what file a URL is made of carry it along, and here that would be every binary:
// webpack and Vite look for import.meta.url beside `new URL`, Turbopack follows constants, but not
// through another URL.
const here = import.meta.url as string | undefined;

/** A file of build/. */
function builtFile(name: string): URL {
  if (here === undefined) {
    throw new Error(
      `where ${name} is cannot be told in a bundle without import.meta.url: give the option "wasm", or bundle to ES modules`,
    );
  }
  const Url = needed("URL");
  return new Url(`../../build/${name}`, new Url(here));
}

function fileOf(name: string): URL {
  return builtFile(`${name}.wasm`);
}

/**
 * What is to be had where the package's file is not: the archive's.
 * @throws `cause` with what else to try, where the archive has none
 */
function otherwise(name: string, cause: unknown): WasmSource {
  const bytes = archived(builtFile(ARCHIVE))?.get(name);
  if (bytes === undefined) throw hinted(cause);
  return bytes;
}

/** @returns where to find binaries, those of the table first */
export function binariesOf(table: BinaryTable): Binaries {
  const known = (name: string, given: WasmInput | undefined) =>
    given === undefined ? table[name]?.() : given;
  return {
    async find(name, given) {
      const place = known(name, given);
      if (place === undefined) {
        const file = fileOf(name);
        try {
          return await fetchBinary(file);
        } catch (cause) {
          return otherwise(name, cause);
        }
      }
      return isBinary(place) ? place : fetchBinary(place);
    },
    findSync(name, given) {
      const place = known(name, given);
      if (place === undefined) {
        const file = fileOf(name);
        try {
          return fetchBinarySync(file);
        } catch (cause) {
          return otherwise(name, cause);
        }
      }
      return isBinary(place) ? place : fetchBinarySync(place);
    },
  };
}

/**
 * What else to try, where the package's file is looked for and a bundler may have left it behind.
 */
function hinted(cause: unknown): Error {
  return new Error(
    `${(cause as Error).message} (bundlers leave files of packages behind: give the option "wasm", or import from the entry that brings this build; "npx ptmalloc-wasm binaries" writes files of other versions of glibc)`,
    { cause },
  );
}

/** Nothing but the package's files. */
export const PACKAGE_FILES: Binaries = /* @__PURE__ */ binariesOf({});
