// What contestants are made with: the user's compilers, and sources from Debian's archive. What is
// compiled and fetched is kept in the user's cache.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { cacheFolder, keptIn } from "../cache.js";
import { packageRoot } from "../package-root.js";
import { MissingError } from "./contestant.js";

const KEY = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** Where Debian's Emscripten has its JavaScript: another Node.js than Debian's looks elsewhere. */
const DEBIAN_NODE_PATH = "/usr/share/nodejs";
/** Compilers for this machine, the first that is there. */
const HOST_COMPILERS = ["cc", "gcc", "clang"] as const;

/** @returns what a function makes, or throws, as a promise: for `Contestant.prepare` */
export function promised<T>(make: () => T | Promise<T>): Promise<T> {
  return Promise.resolve().then(make);
}

/** @returns the path of a C or Rust source of the benchmarks, in the package */
export function benchSource(name: string): string {
  return join(packageRoot(), "bench", "native", name);
}

/** @returns the environment in which compilers run */
function environment(): NodeJS.ProcessEnv {
  const { NODE_PATH } = process.env;
  if (NODE_PATH !== undefined || !existsSync(DEBIAN_NODE_PATH)) return process.env;
  return { ...process.env, NODE_PATH: DEBIAN_NODE_PATH };
}

/** Runs a program. @throws Error with the first line that it complained with */
export function run(command: string, args: readonly string[], cwd = tmpdir()): void {
  const { error, status, stderr } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: environment(),
    maxBuffer: 2 ** 26,
  });
  if (error) throw new Error(`no ${command} here`);
  if (status === 0) return;
  const lines = stderr.split("\n");
  const complaint = lines.find((line) => /error|^E:/.test(line)) ?? lines[0];
  throw new Error(`${command}: ${complaint || "failed without a word"}`);
}

const versions = new Map<string, string | null>();

/** @returns the first line of a program's --version; null where it is not there */
function versionLine(command: string): string | null {
  const known = versions.get(command);
  if (known !== undefined) return known;
  const options = { encoding: "utf8", env: environment() } as const;
  const { status, stdout } = spawnSync(command, ["--version"], options);
  const line = status === 0 ? (stdout.split("\n")[0] ?? "").trim() : null;
  versions.set(command, line);
  return line;
}

/**
 * @param how to get it, where it is not there
 * @returns what a program says of its version: one line
 * @throws MissingError where it is not on the PATH
 */
export function toolVersion(command: string, how: string): string {
  const line = versionLine(command);
  if (line === null) throw new MissingError(`${command} is not on the PATH`, how);
  return line;
}

/**
 * @returns the user's compiler for this machine: $CC, or the usual names
 * @throws MissingError where there is none
 */
export function hostCompiler(how: string): string {
  const { CC } = process.env;
  const found = [...(CC ? [CC] : []), ...HOST_COMPILERS].find((one) => versionLine(one) !== null);
  if (found === undefined)
    throw new MissingError(`there is no C compiler (${HOST_COMPILERS.join(", ")})`, how);
  return found;
}

/** Something to compile. */
export interface Compilation {
  /** What the file's name begins with. */
  readonly name: string;
  /** With its dot; "" for a program. */
  readonly ending: "" | ".wasm" | ".js";
  readonly command: string;
  /** All but "-o" and the output. */
  readonly args: readonly string[];
  /** Files that it is made of; when one changes it is compiled anew. */
  readonly inputs: readonly string[];
  /** What else it depends on: the versions of the compiler and of fetched sources. */
  readonly versions: readonly string[];
  /** What to install where it cannot be compiled. */
  readonly how: string;
}

/**
 * Compiles something, once: the output is kept in the user's cache, under a name that depends on
 * all that went in.
 * @returns the output's path
 * @throws MissingError where the compiler refuses, with its complaint: as a rule a library is
 *   missing
 */
export function compiledFile(compilation: Compilation): string {
  const { name, ending, command, args, inputs, how } = compilation;
  const hash = createHash("sha256").update(JSON.stringify([command, args, compilation.versions]));
  for (const input of inputs) hash.update(readFileSync(input));
  const file = `${name}-${hash.digest("hex").slice(0, 16)}${ending}`;
  const path = join(cacheFolder(process.env), "bench", file);
  try {
    keptIn(path, (fresh) => run(command, [...args, "-o", fresh]));
  } catch (error) {
    throw new MissingError(`${name} cannot be compiled: ${(error as Error).message}`, how);
  }
  return path;
}

/** @returns the output of {@link compiledFile}, with the same @throws */
export function compiled(compilation: Compilation): Uint8Array {
  return new Uint8Array(readFileSync(compiledFile(compilation)));
}

/** @returns how mimalloc is called whose MI_MALLOC_VERSION is such: 209 is 2.0.9, 30401 3.4.1 */
export function mimallocNumber(version: number): string {
  const unit = version >= 10_000 ? 100 : 10;
  const parts = [version / unit / unit, (version / unit) % unit, version % unit];
  return parts.map(Math.floor).join(".");
}

/** A suite of Debian's that packages are fetched from. */
export type Suite = "bookworm" | "trixie" | "sid";

/**
 * Fetches the source of a package of Debian's, once.
 * @param name of the source package
 * @returns the folder with it, without Debian's changes
 * @throws MissingError where Debian's archive is out of reach
 */
export function debianSource(name: string, suite: Suite = "bookworm"): string {
  return fetchedOnce(
    `${name}-${suite}`,
    (scratch, unpacked) => {
      run("apt-get", [...aptOptions(scratch), "source", "--download-only", name], scratch);
      const archive = readdirSync(scratch).find((file) => file.includes(".orig.tar"));
      if (archive === undefined) throw new Error(`apt-get fetched no source of ${name}`);
      mkdirSync(unpacked);
      run("tar", ["xf", archive, "--strip-components=1", "-C", unpacked], scratch);
    },
    suite,
  );
}

/**
 * Fetches a package of Debian's, once, and unpacks it; nothing is installed.
 * @param name of the package, which is the same for all machines
 * @param part the folder in it that is wanted, such as "usr/share"
 * @returns the folder
 * @throws MissingError where Debian's archive is out of reach
 */
export function debianFiles(name: string, part: string, suite: Suite): string {
  return fetchedOnce(
    `${name}-${basename(part)}-${suite}`,
    (scratch, unpacked) => {
      run("apt-get", [...aptOptions(scratch), "download", name], scratch);
      const archive = readdirSync(scratch).find((file) => file.endsWith(".deb"));
      if (archive === undefined) throw new Error(`apt-get fetched no package ${name}`);
      run("dpkg-deb", ["-x", archive, "all"], scratch);
      renameSync(join(scratch, "all", part), unpacked);
    },
    suite,
  );
}

/** @param fetch is given a folder of its own, and the path in it of the folder that it makes */
function fetchedOnce(
  name: string,
  fetch: (scratch: string, unpacked: string) => void,
  suite: Suite,
): string {
  const sources = join(cacheFolder(process.env), "sources");
  const folder = join(sources, name);
  if (existsSync(folder)) return folder;
  mkdirSync(sources, { recursive: true });
  const scratch = mkdtempSync(join(sources, `${name}.apt-`));
  try {
    keptIn(folder, (fresh) => {
      writeLists(scratch, suite);
      const unpacked = join(scratch, "unpacked");
      fetch(scratch, unpacked);
      renameSync(unpacked, fresh);
    });
    return folder;
  } catch (error) {
    throw new MissingError(
      `${name} cannot be fetched: ${(error as Error).message}`,
      `Debian's apt-get and its archive are needed, once; or put the files into ${folder}`,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** apt's own lists and cache: the system's configuration stays, and nobody need be root. */
function writeLists(scratch: string, suite: Suite): void {
  mkdirSync(join(scratch, "lists", "partial"), { recursive: true });
  const place = `[signed-by=${KEY}] http://deb.debian.org/debian ${suite} main\n`;
  writeFileSync(join(scratch, "sources.list"), `deb-src ${place}deb ${place}`);
  run("apt-get", [...aptOptions(scratch), "update"], scratch);
}

function aptOptions(scratch: string): string[] {
  return [
    `Dir::Etc::sourcelist=${join(scratch, "sources.list")}`,
    "Dir::Etc::sourceparts=/dev/null",
    `Dir::State::lists=${join(scratch, "lists")}`,
    `Dir::Cache=${scratch}`,
    // Of the lists of packages nothing else is needed.
    "Acquire::Languages=none",
  ].flatMap((option) => ["-o", option]);
}
