// The package's entries, where bundlers of the site find them: it is the built package that runs in
// pages, not its sources.

import { readFileSync } from "node:fs";
import { ROOT } from "./map.mjs";

/** @returns {[string, string][]} names that programs import, and their files */
export function packageEntries() {
  const { name, exports } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));
  return Object.entries(exports)
    .filter(([, target]) => typeof target === "object" && target.default?.endsWith(".js"))
    .map(([path, target]) => [`${name}${path.slice(1)}`, ROOT + target.default.slice(2)]);
}
