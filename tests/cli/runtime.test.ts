/** `runtime`: where it writes, and where it does not. tests/as/ compiles what it writes. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { run } from "./run.js";
import { scratch, shown } from "./scratch.js";

const sources = fileURLToPath(new URL("../../as", import.meta.url));
const place = scratch("runtime");

/** @returns the files of a folder by their paths */
function filesIn(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.name.endsWith(".ts"));
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(
    paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")] as const),
  );
}

describe("the command runtime", () => {
  it("writes the package's own sources, which need not be in the package then", async () => {
    const out = join(place.folder, "new", "default");
    const printed = await shown(["runtime", "--out", out]);
    const written = filesIn(out);
    expect(printed).toContain(`glibc 2.36's malloc, ${written.size} sources of AssemblyScript`);
    expect(written.get("minimal.ts")).toContain('\nimport "./zeroed";\n');
    const expected = new Map(
      [...filesIn(sources)].map(([path, text]) => [
        path,
        text.replace('\nimport "ptmalloc-wasm/as/', '\nimport "./'),
      ]),
    );
    expect(written).toEqual(expected);
  });

  it("writes another version over it, and has the names that all commands have", async () => {
    const out = join(place.folder, "versions");
    await shown(["runtime", "--out", out]);
    expect(await shown(["runtime", "--glibc", "2.39", "--out", out])).toContain("glibc 2.40's");
    expect(readFileSync(join(out, "source/abi/version.ts"), "utf8")).toContain(" 40 ");
    const { code, stderr } = await run(["runtime", "--glibc", "2.42", "--out", out]);
    expect(code).toBe(2);
    expect(stderr).toContain("There are 2.31, 2.32,");
  });

  it("leaves alone what others have made", async () => {
    const mine = place.file("minimal.ts", "mine\n");
    const { code, stdout, stderr } = await run(["runtime", "--out", place.folder]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`${mine} is there already`);
    expect(readFileSync(mine, "utf8")).toBe("mine\n");
    expect(readdirSync(place.folder)).not.toContain("incremental.ts");
    const { code: other, stderr: reason } = await run(["runtime", "--out", mine]);
    expect(other).toBe(1);
    expect(reason).toContain(": a part of the path is not a directory");
  });

  it("says what asc is to be told", async () => {
    const out = join(place.folder, "said");
    expect(await shown(["runtime", "--out", out])).toMatch(
      / --runtime \.\.?\/\S*said\/incremental /,
    );
  });
});
