import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { zonesOf } from "../support/markdown.js";
import { describeToolchain, environment, type Toolchain } from "./toolchains.js";

// The examples of docs/guests.md are run as they stand there, in a folder of their own with the
// package installed: files from the blocks that are named so, commands from the sh blocks, and each
// one's output compared with the text block that follows.

const root = fileURLToPath(new URL("../../", import.meta.url));
const text = readFileSync(join(root, "docs", "guests.md"), "utf8");

interface Step {
  commands: string;
  output: string;
}

interface Example {
  title: string;
  toolchain: Toolchain;
  files: { name: string; content: string }[];
  steps: Step[];
}

function examplesOf(document: string): Example[] {
  return zonesOf(document, "example").map(({ title, mark, blocks }): Example => {
    const files: Example["files"] = [];
    const steps: Step[] = [];
    for (const [index, block] of blocks.entries()) {
      const next = blocks[index + 1];
      if (next?.kind !== "code") continue;
      const [, name] = (block.kind === "comment" && /^file: (\S+)$/.exec(block.text)) || [];
      if (name !== undefined) files.push({ name, content: next.content });
      if (block.kind === "code" && block.language === "sh" && next.language === "text")
        steps.push({ commands: block.content, output: next.content });
    }
    return { title, toolchain: mark.split(" ")[1] as Toolchain, files, steps };
  });
}

/** A folder like a project that has installed this package. */
function project(): string {
  const folder = mkdtempSync(join(tmpdir(), "ptmalloc-guests-"));
  const link = (target: string, name: string): void => {
    const path = join(folder, "node_modules", name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(join(root, target), path);
  };
  link(".", "ptmalloc-wasm");
  link("node_modules/assemblyscript", "assemblyscript");
  link("node_modules/binaryen", "binaryen");
  link("dist/cli/main.js", ".bin/ptmalloc-wasm");
  link("node_modules/.bin/asc", ".bin/asc");
  writeFileSync(join(folder, "package.json"), "{}\n");
  return folder;
}

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function check({ files, steps }: Example): void {
  const folder = project();
  folders.push(folder);
  for (const { name, content } of files) writeFileSync(join(folder, name), content);
  for (const { commands, output } of steps) {
    const { status, stdout, stderr } = spawnSync("sh", ["-e", "-c", commands], {
      cwd: folder,
      env: environment,
      encoding: "utf8",
    });
    expect({ status, stdout, stderr: status === 0 ? "" : stderr }).toEqual({
      status: 0,
      stdout: output,
      stderr: "",
    });
  }
}

const examples = examplesOf(text);

describe("docs/guests.md", () => {
  it("has an example of every toolchain", () => {
    const toolchains = new Set(examples.map(({ toolchain }) => toolchain));
    expect([...toolchains].sort()).toEqual(["asc", "clang", "emcc", "rust", "rustwasi", "zig"]);
    expect(examples.every(({ files, steps }) => files.length > 0 && steps.length > 0)).toBe(true);
  });
});

for (const example of examples) {
  describeToolchain(`docs/guests.md: ${example.title}`, example.toolchain, () => {
    it("prints what it says", () => check(example));
  });
}
