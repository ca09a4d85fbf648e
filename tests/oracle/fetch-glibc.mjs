// Fetches a version of glibc from Debian into the cache, as amd64 and i386, by a private apt
// configuration: apt's own lists, status and settings of this machine stay as they are, and nothing
// is installed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, DEBIAN, hasGlibc, minorOf, OWN, placeOf, SUITES } from "./glibc.mjs";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const DEFAULT_MIRROR = "http://deb.debian.org/debian";

/**
 * The mirror that this machine's own apt takes packages of Debian from.
 * @param {string} [etc] apt's folder
 * @returns {string} its address
 */
export function mirrorOf(etc = "/etc/apt") {
  const parts = join(etc, "sources.list.d");
  const files = [
    join(etc, "sources.list"),
    ...(existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : []),
  ];
  for (const file of files.filter((one) => /\.(list|sources)$/.test(one) && existsSync(one))) {
    for (const line of readFileSync(file, "utf8").split("\n")) {
      // `deb [options] ADDRESS suite …` or `URIs: ADDRESS …`; security updates have another mirror.
      const found = /^\s*(?:deb\s+(?:\[[^\]]*\]\s*)?|URIs:\s*)(\S+)/.exec(line)?.[1];
      if (found && /\/debian\/?$/.test(found)) return found.replace(/\/$/, "");
    }
  }
  return DEFAULT_MIRROR;
}

/**
 * @param {string} folder where apt keeps what it needs to
 * @param {string} suite
 * @returns {string} apt's configuration, a file
 */
function configure(folder, suite) {
  for (const name of ["lists/partial", "cache/archives/partial", "state"])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "state/status"), "");
  writeFileSync(
    join(folder, "sources.list"),
    `deb [signed-by=${KEYRING}] ${mirrorOf()} ${suite} main\n`,
  );
  const config = join(folder, "conf");
  const lines = [
    `Dir::Etc::SourceList "${folder}/sources.list"`,
    'Dir::Etc::SourceParts "/dev/null"',
    `Dir::State::Lists "${folder}/lists"`,
    `Dir::State "${folder}/state"`,
    `Dir::State::status "${folder}/state/status"`,
    `Dir::Cache "${folder}/cache"`,
    'APT::Architecture "amd64"',
    'APT::Architectures { "amd64"; "i386"; }',
    'Acquire::Languages "none"',
    // Downloads go where only this user may write.
    'APT::Sandbox::User ""',
  ];
  writeFileSync(config, lines.map((line) => `${line};\n`).join(""));
  return config;
}

/**
 * Runs a program of apt's.
 * @param {string} config
 * @param {string[]} command
 * @param {string} [cwd]
 * @returns {string} its standard output
 * @throws {Error} with its own words where it fails
 */
function run(config, command, cwd) {
  const [name = "", ...args] = command;
  const env = { ...process.env, APT_CONFIG: config, LC_ALL: "C" };
  const done = spawnSync(name, args, { cwd, env, encoding: "utf8" });
  if (done.error) throw new Error(`${name} is missing: a version is fetched by Debian's apt`);
  if (done.status !== 0)
    throw new Error(`${command.join(" ")} failed:\n${done.stderr.trim() || done.stdout.trim()}`);
  return done.stdout;
}

/**
 * @param {string} config
 * @param {string} architecture
 * @param {string} glibc
 * @returns {string} the version of the package that the suite has
 * @throws {Error} where that is of another glibc
 */
function offered(config, architecture, glibc) {
  const suite = SUITES[glibc] ?? "";
  const text = run(config, ["apt-cache", "show", "--no-all-versions", `libc6:${architecture}`]);
  const version = /^Version: (.*)$/m.exec(text)?.[1] ?? "nothing";
  if (!version.startsWith(`${glibc}-`))
    throw new Error(
      `Debian ${suite} has libc6 ${version} now, no ${glibc}: another suite or snapshot.debian.org ` +
        `may have it; the table of suites is in tests/oracle/glibc.mjs`,
    );
  return version;
}

/**
 * @param {string} config
 * @param {string} folder where to unpack to for now
 * @param {string} glibc
 * @param {"ilp32" | "lp64"} abi
 */
function fetchLayout(config, folder, glibc, abi) {
  const { architecture } = DEBIAN[abi];
  const version = offered(config, architecture, glibc);
  // Programs are linked with what is older than what the machine's own headers ask for.
  const packages = minorOf(glibc) < 34 ? ["libc6", "libc6-dev"] : ["libc6"];
  const root = join(folder, architecture);
  mkdirSync(root);
  for (const name of packages) {
    run(config, ["apt-get", "-q", "download", `${name}:${architecture}=${version}`], folder);
    const file = readdirSync(folder).find((one) => one.startsWith(`${name}_`)) ?? "";
    run(config, ["dpkg-deb", "-x", file, root], folder);
    rmSync(join(folder, file));
  }
  writeFileSync(join(root, "PACKAGE"), `${version} ${architecture}\n`);
}

/**
 * Puts a version into the cache, unless it is there.
 * @param {string} glibc
 * @param {(text: string) => void} [say] is told what goes on
 * @throws {Error} where something is missing, saying what
 */
export function fetchGlibc(glibc, say = () => undefined) {
  const suite = SUITES[glibc] ?? "";
  minorOf(glibc);
  if (glibc === OWN) {
    say(`glibc ${glibc} is this machine's own`);
    return;
  }
  if (hasGlibc(glibc)) {
    say(`glibc ${glibc} is in ${cacheFolder()}`);
    return;
  }
  if (!existsSync(KEYRING)) throw new Error(`${KEYRING} is missing: debian-archive-keyring has it`);
  mkdirSync(cacheFolder(), { recursive: true });
  const folder = mkdtempSync(join(cacheFolder(), "fetch-"));
  try {
    const config = configure(join(folder, "apt"), suite);
    say(`the lists of Debian ${suite}, ${mirrorOf()}`);
    run(config, ["apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update"]);
    for (const abi of /** @type {const} */ (["lp64", "ilp32"])) {
      say(`libc6 ${glibc}, ${DEBIAN[abi].architecture}`);
      fetchLayout(config, folder, glibc, abi);
      const { root } = placeOf(glibc, abi);
      rmSync(root, { recursive: true, force: true });
      mkdirSync(join(root, ".."), { recursive: true });
      renameSync(join(folder, DEBIAN[abi].architecture), root);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  say(`glibc ${glibc} is in ${cacheFolder()}`);
}
