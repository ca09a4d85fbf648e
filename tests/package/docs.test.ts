import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { layouts } from "../../src/layout/generated.js";
import type { StructLayout } from "../../src/layout/struct.js";
import { codeOf, linksOf, withTexts, zonesOf } from "../support/markdown.js";
import { run } from "../cli/run.js";

// The outputs in docs/ are those of this version: every console block is run, every table of a
// struct made anew. DOCS_UPDATE=1 writes them instead of comparing.

const root = fileURLToPath(new URL("../../", import.meta.url));
const update = process.env.DOCS_UPDATE === "1";

/** What a command of a document prints; errors too, as on a terminal. */
async function outputOf(command: string): Promise<string> {
  const [name, ...args] = command.split(" ");
  const paths = args.map((word) => (word.startsWith("docs/") ? root + word : word));
  if (name === "cat") return paths.map((path) => readFileSync(path, "utf8")).join("");
  expect(name).toBe("ptmalloc-wasm");
  const { stdout, stderr } = await run(paths);
  return (stdout + stderr).replaceAll(root, "");
}

/** A console block with its outputs made anew. */
async function renewed(block: string): Promise<string> {
  const commands = block.split("\n").filter((line) => line.startsWith("$ "));
  const parts: string[] = [];
  for (const command of commands) parts.push(`${command}\n${await outputOf(command.slice(2))}`);
  return parts.join("");
}

/** A struct as a table: C's names, offsets and sizes in both layouts. */
function structTable(name: string): string {
  const snake = (field: string) =>
    field === "fastbinsY"
      ? field
      : field.replace(/Word$/, "").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const structs = (["ilp32", "lp64"] as const).map(
    (abi): StructLayout => layouts[abi][name as "HeapInfo"],
  );
  const rows = Object.keys(structs[0]!.fields).map((field) => {
    const cells = structs.map(({ fields }) => {
      const { offset, size, count } = fields[field]!;
      return `${offset} | ${count === undefined ? size : `${count} x ${size}`}`;
    });
    return `| \`${snake(field)}\` | ${cells.join(" | ")} |\n`;
  });
  const sizes = structs.map(({ size }) => `**${size}** | `);
  const head = "| field | i386: offset | bytes | x86-64: offset | bytes |\n|---|---|---|---|---|\n";
  return `${head}${rows.join("")}| whole | ${sizes.join("| ")}|\n`;
}

async function renewedText(text: string): Promise<string> {
  const tables = zonesOf(text, "struct").map(({ begin, end, mark }) => {
    return { begin, end, text: structTable(mark.split(" ")[1]!) };
  });
  const outputs = codeOf(text, "console").map(async ({ begin, end, content }) => {
    return { begin, end, text: `\`\`\`console\n${await renewed(content)}\`\`\`` };
  });
  return withTexts(text, [...tables, ...(await Promise.all(outputs))]);
}

describe("docs/", () => {
  const files = readdirSync(`${root}docs`, { encoding: "utf8", recursive: true }).filter((name) =>
    name.endsWith(".md"),
  );

  it.each(files)("%s shows what the commands print", async (name) => {
    const path = `${root}docs/${name}`;
    const text = readFileSync(path, "utf8");
    const expected = await renewedText(text);
    if (update) writeFileSync(path, expected);
    else expect(text).toBe(expected);
  });

  it.each(files)("%s links to files that exist", (name) => {
    const text = readFileSync(`${root}docs/${name}`, "utf8");
    for (const link of linksOf(text).filter((url) => !/^(https?:|#)/.test(url))) {
      const file = link.replace(/#.*/, "");
      expect(existsSync(join(root, "docs", dirname(name), file)), link).toBe(true);
    }
  });
});
