// From the plan of a block (run/plan.mjs) to a job in the sandbox.

import { runSandboxed, type End } from "./sandbox.js";

/** What a block becomes. */
export type Plan =
  | { readonly kind: "examples"; readonly code: string }
  | {
      readonly kind: "commands";
      readonly lines: readonly string[];
      readonly files: readonly string[];
      /** The block as it stands on the page: commands, and what they print. */
      readonly shown: string;
    };

/** Milliseconds that an example may take, and a block of the package's own commands. */
const LIMITS = { examples: 10_000, commands: 60_000 } as const;
/** Characters that a block may print. */
const MOST_OUTPUT = 200_000;
/** Binaries that examples may ask for: names without a path. */
const FILE = /^[\w.-]+\.wasm$/;

async function bytesAt(url: string): Promise<ArrayBuffer | null> {
  const response = await fetch(url);
  return response.ok ? response.arrayBuffer() : null;
}

async function fileOf(name: string, home: string): Promise<[string, Uint8Array]> {
  const bytes = await bytesAt(home + name.replace(/^build\//, ""));
  if (bytes === null) throw new Error(`${name} is not there`);
  return [name, new Uint8Array(bytes)];
}

async function requestOf(plan: Plan, home: string): Promise<unknown> {
  if (plan.kind === "examples") return { code: plan.code };
  const files = await Promise.all(plan.files.map((name) => fileOf(name, home)));
  return { lines: plan.lines, files };
}

/**
 * Runs a block.
 * @param home where the runner's files are, with a slash at its end
 * @param show is given the whole output again and again, as it grows
 */
export async function runPlan(
  plan: Plan,
  home: string,
  show: (output: string) => void,
): Promise<End> {
  const script = await fetch(`${home}${plan.kind}.js`).then((response) => response.text());
  const request = await requestOf(plan, home);
  let output = "";
  return runSandboxed({
    script,
    request,
    limit: LIMITS[plan.kind],
    print(text) {
      if (output.length > MOST_OUTPUT) return;
      output += text;
      if (output.length > MOST_OUTPUT) output += "\n… and more, which is not shown\n";
      show(output);
    },
    fetchFile: (name) => (FILE.test(name) ? bytesAt(home + name) : Promise.resolve(null)),
  });
}
