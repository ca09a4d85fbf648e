// A user's project in a folder of its own: the sources of site/, and in node_modules the package as
// `npm pack` makes it, with nothing beside it. Its run-time dependencies are the command line's;
// whatever runs here does without them.

import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** @returns the tarball that `npm pack` makes of what is built, in `folder` */
export function pack(folder: string): string {
  const command = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
  const output = execFileSync("npm", command, { cwd: root, encoding: "utf8", stdio });
  // npm 12 answers with an object by package name, older ones with a list.
  const [{ filename }] = Object.values(JSON.parse(output) as object) as [{ filename: string }];
  return join(folder, filename);
}

let packed: Buffer | undefined;

function packedOnce(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "ptmalloc-tarball-"));
  try {
    return readFileSync(pack(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Installs the package in a project, packed once a program. */
export function unpack(folder: string): void {
  packed ??= packedOnce();
  const modules = join(folder, "node_modules");
  mkdirSync(modules, { recursive: true });
  execFileSync("tar", ["-xz", "-C", modules], { input: packed });
  renameSync(join(modules, "package"), join(modules, "ptmalloc-wasm"));
}

/** A project that uses the package. */
export class Site {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "ptmalloc-consumer-")));

  constructor() {
    unpack(this.folder);
    cpSync(fileURLToPath(new URL("site", import.meta.url)), this.folder, { recursive: true });
    const manifest = { type: "module", dependencies: { "ptmalloc-wasm": "*" } };
    writeFileSync(join(this.folder, "package.json"), JSON.stringify(manifest));
  }

  /** A folder for what is built. */
  out(name: string): string {
    const folder = join(this.folder, "out", name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
