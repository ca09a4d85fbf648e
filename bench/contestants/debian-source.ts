// Sources of programs that the benchmarks and tests compile: Debian's source packages, fetched into
// build/ when they are first needed. Nothing of them is kept here.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "../lab/paths.js";

const KEY = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Runs a program. @throws Error with the first line that it complained with */
export function run(command: string, args: readonly string[], cwd = output): void {
  const { error, status, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (error) throw new Error(`no ${command} here`);
  const complaint = stderr.split("\n").find((line) => /error|^E:/.test(line));
  if (status !== 0)
    throw new Error(`${command}: ${complaint ?? stderr.split("\n")[0] ?? "failed"}`);
}

/**
 * Fetches the source of a package of Debian 12.
 * @param name of the source package
 * @returns the folder with it, without Debian's changes. @throws Error where Debian's archive is
 *   out of reach
 */
export function debianSource(name: string): string {
  const folder = join(output, name);
  if (existsSync(folder)) return folder;
  mkdirSync(output, { recursive: true });
  // Of this process alone: tests run side by side.
  const scratch = mkdtempSync(join(output, `${name}.apt-`));
  try {
    const unpacked = fetched(name, scratch);
    if (!existsSync(folder)) renameSync(unpacked, folder);
    return folder;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function fetched(name: string, scratch: string): string {
  mkdirSync(join(scratch, "lists", "partial"), { recursive: true });
  const list = `deb-src [signed-by=${KEY}] http://deb.debian.org/debian bookworm main\n`;
  writeFileSync(join(scratch, "sources.list"), list);
  // Its own lists and cache: the system's configuration stays as it is, and nobody need be root.
  const options = [
    `Dir::Etc::sourcelist=${join(scratch, "sources.list")}`,
    "Dir::Etc::sourceparts=/dev/null",
    `Dir::State::lists=${join(scratch, "lists")}`,
    `Dir::Cache=${scratch}`,
  ].flatMap((option) => ["-o", option]);
  run("apt-get", [...options, "update"], scratch);
  run("apt-get", [...options, "source", "--download-only", name], scratch);
  const archive = readdirSync(scratch).find((file) => file.includes(".orig.tar"));
  if (archive === undefined) throw new Error(`apt-get fetched no source of ${name}`);
  const unpacked = join(scratch, "unpacked");
  mkdirSync(unpacked, { recursive: true });
  run("tar", ["xf", archive, "--strip-components=1", "-C", unpacked], scratch);
  return unpacked;
}
