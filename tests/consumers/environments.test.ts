import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { guidesOf, linesToMalloc, type Guide } from "./guide.js";
import { codeOf } from "../support/markdown.js";
import { haveAll, type Tool } from "./tools.js";
import { closeBrowser, Walk } from "./walker.js";

// Each environment of docs/environments.md, followed from an empty folder to what it says there.

const text = readFileSync(new URL("../../docs/environments.md", import.meta.url), "utf8");
const guides = guidesOf(text);

/** Of these one is enough: an environment that names several is followed in each. */
const RUNTIMES: readonly Tool[] = ["node20", "node22", "node24", "deno", "bun"];

afterAll(closeBrowser);

describe("docs/environments.md", () => {
  it("has no block that is not followed", () => {
    const followed = guides.flatMap(({ steps }) => steps);
    expect(followed.length).toBe(codeOf(text).length);
    expect(followed.length).toBeGreaterThan(40);
  });

  it.each(guides)("$title: installs, and takes at most five lines to the first malloc", (guide) => {
    const { steps } = guide;
    const commands = steps.flatMap((step) => (step.kind === "run" ? step.commands : []));
    expect(commands[0]).toMatch(/^(npm install|deno add|bun add) .*ptmalloc-wasm/);
    const programs = steps.flatMap((step) => (step.kind === "file" ? [step.content] : []));
    const lines = programs.flatMap((program) => linesToMalloc(program) ?? []);
    expect(lines[0]).toBeLessThanOrEqual(5);
  });
});

/** What the tools are for this environment: each runtime by itself, else all together. */
function variantsOf({ tools }: Guide): (readonly Tool[])[] {
  return tools.every((tool) => RUNTIMES.includes(tool)) ? tools.map((tool) => [tool]) : [tools];
}

for (const guide of guides) {
  for (const tools of variantsOf(guide)) {
    const name = `docs/environments.md: ${guide.title} (${tools.join(", ")})`;
    describe.skipIf(!haveAll(name, tools))(name, () => {
      it("goes as it says", async () => {
        const walk = new Walk(tools);
        try {
          await walk.follow(guide);
        } finally {
          walk.end();
        }
      });
    });
  }
}
