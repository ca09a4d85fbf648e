// Goes over everybody who can take part: builds what can be built, says what is missing and how to
// get it and, where that is wanted, gets it.

import { spawnSync } from "node:child_process";
import type { CliIo } from "../io.js";
import { colorsFor, table, terminalWidth } from "../tables.js";
import { MissingError, type Contestant } from "./contestant.js";

/** What became of one contestant. */
interface Finding {
  readonly contestant: Contestant;
  readonly state: "ready" | "missing" | "broken";
  /** Its version; what is missing; what is wrong. */
  readonly text: string;
  /** How to get what is missing. */
  readonly how: string;
}

/**
 * Prepares contestants and shows a table of them.
 * @param isInstalling runs the commands that bring what is missing, and looks again
 * @returns how many are not ready
 */
export async function setUp(
  io: CliIo,
  contestants: readonly Contestant[],
  isInstalling: boolean,
): Promise<number> {
  let findings = await lookAt(io, contestants);
  const commands = installCommands(findings.map(({ how }) => how));
  if (isInstalling && commands.length > 0) {
    for (const command of commands) runShown(io, command);
    const again = findings.filter(({ state }) => state !== "ready");
    const found = await lookAt(
      io,
      again.map(({ contestant }) => contestant),
    );
    findings = findings.map((old) => found.find((one) => isSame(one, old)) ?? old);
  }
  io.stdout.write(`${findingsTable(io, findings)}\n`);
  if (!isInstalling && commands.length > 0)
    io.stdout.write(`\n${commands.map((command) => command.join(" ")).join("\n")}\n`);
  return findings.filter(({ state }) => state !== "ready").length;
}

function isSame(one: Finding, other: Finding): boolean {
  return one.contestant === other.contestant;
}

async function lookAt(io: CliIo, contestants: readonly Contestant[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const contestant of contestants) {
    io.stderr.write(`${contestant.name} …\n`);
    findings.push(await findingOf(contestant));
  }
  return findings;
}

async function findingOf(contestant: Contestant): Promise<Finding> {
  try {
    const racer = await contestant.prepare();
    racer.close?.();
    return { contestant, state: "ready", text: racer.version, how: "" };
  } catch (error) {
    const text = (error as Error).message;
    if (!(error instanceof MissingError)) return { contestant, state: "broken", text, how: "" };
    return { contestant, state: "missing", text, how: error.how };
  }
}

function findingsTable(io: CliIo, findings: readonly Finding[]): string {
  return table({
    columns: [
      { head: "contestant" },
      { head: "group", align: "left", priority: 1 },
      { head: "state", align: "left" },
      { head: "version, or what is missing and how to get it", align: "left", wraps: true },
    ],
    rows: findings.map(({ contestant, state, text, how }) => {
      const { name, group } = contestant;
      return [name, group, state, how === "" ? text : `${text}: ${how}`];
    }),
    width: terminalWidth(io),
    colors: colorsFor(io),
  });
}

/** The commands that can be run as they are: of "apt-get install X; or Y" the first. */
const INSTALL = /^(apt-get|npm) install( [^;]+)/;

/**
 * @param hows of MissingErrors
 * @returns commands as lists of words, one for each package manager: npm's changes no package.json
 */
export function installCommands(hows: readonly string[]): string[][] {
  const packages = { "apt-get": new Set<string>(), npm: new Set<string>() };
  for (const how of hows) {
    const [, manager, words] = INSTALL.exec(how) ?? [];
    if (manager === undefined) continue;
    const names = words!.split(" ").filter((word) => word !== "" && !word.startsWith("-"));
    for (const name of names) packages[manager as keyof typeof packages].add(name);
  }
  const apt = ["apt-get", "install", "-y", "--no-install-recommends", ...packages["apt-get"]];
  const npm = ["npm", "install", "--no-save", ...packages.npm];
  return [...(packages["apt-get"].size > 0 ? [apt] : []), ...(packages.npm.size > 0 ? [npm] : [])];
}

/** Shows a command and runs it; what goes wrong shows in what is missing afterwards. */
function runShown(io: CliIo, words: readonly string[]): void {
  const isRoot = process.getuid?.() === 0;
  const all = words[0] === "apt-get" && !isRoot ? ["sudo", ...words] : words;
  io.stdout.write(`${all.join(" ")}\n`);
  const { status, error } = spawnSync(all[0]!, all.slice(1), { stdio: "inherit" });
  if (status !== 0)
    io.stderr.write(`${all[0]} failed: ${error?.message ?? `exit code ${status}`}\n`);
}
