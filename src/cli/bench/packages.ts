// npm packages that contestants are made of: installed by the user, in the project that the command
// is run in, or beside this package.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "../package-root.js";
import { MissingError } from "./contestant.js";

/** A package that is installed. */
export interface InstalledPackage {
  readonly folder: string;
  readonly version: string;
  /** Its main file, as an ES module where there is one. */
  readonly main: string;
}

/**
 * Finds a package as Node.js does: in node_modules of a folder or of one above it.
 * @throws MissingError where it is not installed
 */
export function installedPackage(name: string): InstalledPackage {
  for (const start of [process.cwd(), packageRoot()]) {
    const folder = folderOf(name, start);
    if (folder === undefined) continue;
    const text = readFileSync(join(folder, "package.json"), "utf8");
    const { version, module, main } = JSON.parse(text) as Partial<Record<string, string>>;
    return {
      folder,
      version: version ?? "of unknown version",
      main: join(folder, module ?? main ?? "index.js"),
    };
  }
  throw new MissingError(`the npm package ${name} is not installed`, `npm install ${name}`);
}

function folderOf(name: string, start: string): string | undefined {
  for (let at = start; ; at = dirname(at)) {
    const folder = join(at, "node_modules", name);
    if (existsSync(join(folder, "package.json"))) return folder;
    if (at === dirname(at)) return undefined;
  }
}
