// Recordings of real programs with several threads, run under each version of glibc: every block
// lies where it lay in the real run (tests/oracle/real-runs.mjs recorded them).

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readLog } from "../../src/cli/record/log.js";
import { GOLDEN_GLIBCS } from "../support/glibcs.js";
import { compareRealRun } from "../support/real-run.js";

/** Processors of the machine that recorded them. */
const CORES = 2;

const RUNS = GOLDEN_GLIBCS.flatMap(({ glibc, option, root }) => {
  const folder = new URL("real/", root);
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files.map((file) => ({ glibc, option, file, url: new URL(file, folder) }));
});

/** Compares a recording, or what `change` makes of it. */
async function compare(url: URL, option: object, change = (text: string) => text) {
  const folder = mkdtempSync(join(tmpdir(), "real-run-test-"));
  try {
    const path = join(folder, "1");
    const text = gunzipSync(readFileSync(url)).toString("latin1");
    writeFileSync(path, change(text), "latin1");
    return await compareRealRun(readLog(path)!, { abi: "lp64", cores: CORES, ...option });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("real programs", () => {
  test("there are some of each of these versions", () => {
    const versions = new Set(RUNS.map(({ glibc }) => glibc));
    expect([...versions].sort()).toEqual(["2.36", "2.41", "2.43"]);
  });

  test.each(RUNS)("$file under $glibc", async ({ url, option }) => {
    const found = await compare(url, option);
    expect(found).not.toHaveProperty("difference");
    expect(found.threads).toBeGreaterThan(1);
    expect(found.blocks).toBeGreaterThan(50);
  });

  test("a block that lies elsewhere is found", async () => {
    const { url, option } = RUNS.find(({ file }) => file.startsWith("lld"))!;
    const found = await compare(url, option, (text) => {
      const lines = text.split("\n");
      const at = lines.findIndex((line, i) => i > 100 && / a [0-9a-f]+ /.test(line));
      const [thread, letter, address, bytes] = lines[at]!.split(" ");
      // The block of that call, wherever it is named.
      const moved = (parseInt(address!, 16) + 16).toString(16);
      lines[at] = [thread, letter, moved, bytes].join(" ");
      return lines.join("\n");
    });
    expect(found.difference).toMatch(/in the real run, .* in the replay/);
  });
});
