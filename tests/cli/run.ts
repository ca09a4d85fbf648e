/** Runs the command line inside the test, with streams that remember. */
import { runCli } from "../../src/cli/program.js";

/** What a command left behind. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** @param stdin what standard input gives @param env the environment, empty by default */
export async function run(
  args: readonly string[],
  stdin: string | Uint8Array = "",
  env: Record<string, string> = {},
): Promise<Outcome> {
  const outcome = { code: -1, stdout: "", stderr: "" };
  const decoder = new TextDecoder();
  const text = (data: string | Uint8Array) =>
    typeof data === "string" ? data : decoder.decode(data);
  outcome.code = await runCli(args, {
    // eslint-disable-next-line @typescript-eslint/require-await
    stdin: (async function* () {
      yield stdin;
    })(),
    stdout: { write: (data) => (outcome.stdout += text(data)) },
    stderr: { write: (data) => (outcome.stderr += text(data)) },
    env,
  });
  return outcome;
}
