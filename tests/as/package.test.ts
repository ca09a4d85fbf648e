// The package as npm packs it, and the documentation's examples in it: to the letter.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RUNTIMES, Workshop, instantiate } from "../support/assemblyscript.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const guide = readFileSync(join(root, "docs", "assemblyscript.md"), "utf8");

/** The code block of the guide that begins with a comment that names a file. */
function example(name: string): string {
  const [, code] = new RegExp(`\`\`\`\\w+\\n(// ${name}[^]*?)\`\`\``).exec(guide) ?? [];
  if (code === undefined) throw new Error(`docs/assemblyscript.md has no ${name}`);
  return code;
}

describe("the packed package", () => {
  const folder = mkdtempSync(join(tmpdir(), "ptmalloc-pack-"));
  let workshop: Workshop;

  beforeAll(() => {
    const pack = ["pack", "--ignore-scripts", "--pack-destination", folder];
    execFileSync("npm", pack, { cwd: root, stdio: "ignore" });
    execFileSync("tar", ["-xf", ...readdirSync(folder)], { cwd: folder });
    workshop = new Workshop(join(folder, "package"));
  });
  afterAll(() => {
    workshop.remove();
    rmSync(folder, { recursive: true });
  });

  it("runs the guide's program as the guide says", async () => {
    workshop.write("main.ts", example("main.ts"));
    workshop.write("main.mjs", example("main.mjs"));
    const [, command] = /^npx asc (.+)$/m.exec(guide)!;
    expect(await workshop.asc(...command!.split(" "))).toBe("");
    const printed = execFileSync(process.execPath, ["main.mjs"], {
      cwd: workshop.folder,
      encoding: "utf8",
    });
    expect(guide).toContain(`prints \`${printed.trim()}\``);
    expect(printed).toBe("500000 true\n");
  });

  it("runs the guide's library program with the stub runtime", async () => {
    const program = await workshop.compile("library", example("library.ts"), "--runtime", "stub");
    expect(instantiate(program)["sum"]!(10_000)).toBe(49_995_000);
  });

  it("can stand beside AssemblyScript's own allocator in one memory", async () => {
    const source = `
      import { startHeap, malloc, free } from "ptmalloc-wasm/assembly";
      import { trees } from "./programs/trees";
      const expected = trees(6);
      if (startHeap(memory.grow(2) << 16) != 0) unreachable();
      export function both(): i32 {
        let wrong = 0;
        for (let round = 1; round < 40; round++) {
          const bytes = round * 10_000;
          const block = malloc(bytes);
          memory.fill(block, <u8>round, bytes);
          wrong += trees(6) == expected ? 0 : 1;
          for (let i = 0; i < bytes; i++) if (load<u8>(block + i) != <u8>round) wrong++;
          if (round % 3) free(block);
        }
        return wrong;
      }`;
    const program = await workshop.compile("both", source, "--runtime", "incremental");
    expect(instantiate(program)["both"]!()).toBe(0);
  });

  it("compiles from asconfig.json, at every level of optimisation, without a warning", async () => {
    workshop.write("asconfig.json", JSON.stringify({ options: { runtime: RUNTIMES.minimal } }));
    for (const level of ["--debug", "-O2s"])
      expect(await workshop.asc("main.ts", level, "--outFile", "main.wasm")).toBe("");
  });
});
