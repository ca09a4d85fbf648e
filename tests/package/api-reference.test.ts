// The API reference that `npm run docs:api` writes (typedoc.json): it covers all that the package
// exports, also the functions of its binaries, and the examples in it run.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  Application,
  ReflectionKind,
  TSConfigReader,
  TypeDocReader,
  type DeclarationReflection,
  type ProjectReflection,
} from "typedoc";
import { beforeAll, describe, expect, it } from "vitest";
import { errnoMessage } from "../../src/kernel/errno.js";
import { examplesOf, tryExamples, type Example, type Outcome } from "../support/examples.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

type Target = string | Record<string, string>;

const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
  name: string;
  exports: Record<string, Target>;
};

/** What each entry of JavaScript is in Node.js, by the name that it is imported by. */
const entries = Object.entries(manifest.exports)
  .filter(([path]) => !/\.(wasm|json)$/.test(path))
  .map(([path, target]) => {
    const name = path.replace(/^\./, manifest.name);
    return { name, file: typeof target === "string" ? target : (target.node ?? target.default)! };
  });

let app: Application;
let project: ProjectReflection;

beforeAll(async () => {
  app = await Application.bootstrapWithPlugins({ options: `${root}typedoc.json` }, [
    new TypeDocReader(),
    new TSConfigReader(),
  ]);
  project = (await app.convert())!;
});

function moduleOf(name: string): DeclarationReflection {
  return project.getChildrenByKind(ReflectionKind.Module).find((module) => module.name === name)!;
}

function namesIn(reflection: { readonly children?: readonly { readonly name: string }[] }) {
  return (reflection.children ?? []).map(({ name }) => name);
}

describe("the API reference", () => {
  it("finds nothing that is not documented, and no link that leads nowhere", () => {
    app.validate(project);
    expect([app.logger.errorCount, app.logger.warningCount]).toEqual([0, 0]);
  });

  it("has a module for each entry of the package, with a text of its own", () => {
    const modules = project.getChildrenByKind(ReflectionKind.Module);
    expect(modules.map(({ name }) => name).sort()).toEqual(entries.map(({ name }) => name).sort());
    for (const module of modules) expect(module.comment?.summary, module.name).toBeTruthy();
  });

  it.each(entries)("has everything that $name exports", async ({ name, file }) => {
    // Entries have code from each other: under short names, or under those that another one gives
    // it. No types list these.
    const others = entries.flatMap((entry) => namesIn(moduleOf(entry.name)));
    const own = namesIn(moduleOf(name));
    const exported = Object.keys((await import(`${root}${file}`)) as object).filter(
      (known) => own.includes(known) || !(known.length <= 2 || others.includes(known)),
    );
    expect(exported.length).toBeGreaterThan(0);
    expect(namesIn(moduleOf(name))).toEqual(expect.arrayContaining(exported));
  });

  it("has every function that the binaries of the package export", () => {
    const binaries = readdirSync(`${root}build`).filter((name) =>
      /^(core|checked|replay|full|image|threads)\.\w+\.wasm$/.test(name),
    );
    expect(binaries.length).toBe(12);
    const exported = binaries.flatMap((name) =>
      WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(`${root}build/${name}`))),
    );
    const functions = new Set(
      exported.filter(({ kind }) => kind === "function").map((e) => e.name),
    );
    const main = moduleOf(manifest.name);
    const ofBuilds = main.getChildByName(["BuildExports"]) as DeclarationReflection;
    const documented = [main, ofBuilds]
      .flatMap(({ children }) => children!.filter(({ name }) => name.endsWith("Exports")))
      .flatMap(namesIn);
    expect([...functions].filter((name) => !documented.includes(name))).toEqual([]);
  });

  it("says of each error number what strerror says", () => {
    const errno = moduleOf("ptmalloc-wasm/kernel").getChildByName(["Errno"]);
    const members = (errno as DeclarationReflection).children!;
    expect(members.length).toBeGreaterThan(40);
    for (const { name, type, comment } of members) {
      const number = type?.type === "literal" ? Number(type.value) : NaN;
      expect(comment!.summary[0]!.text, name).toBe(`${errnoMessage(number)}.`);
    }
  });
});

describe("the examples of the API reference", () => {
  let examples: readonly Example[];
  let outcome: Outcome;

  beforeAll(() => {
    examples = Object.values(project.reflections).flatMap((reflection) =>
      (reflection.comment?.getTags("@example") ?? []).flatMap(({ content }) => {
        const name = reflection.getFullName().replaceAll(/[^\w.-]/g, "-");
        return examplesOf(content.map(({ text }) => `${text}\n`).join(""), () => name);
      }),
    );
    outcome = tryExamples("api", examples);
  });

  it("are there, print something, and have no type error", () => {
    expect(examples.length).toBeGreaterThan(6);
    expect(new Set(examples.map(({ name }) => name)).size).toBe(examples.length);
    for (const { name, expected } of examples) expect(expected, name).not.toEqual([]);
    expect(outcome.errors).toEqual([]);
  });

  it("print what they say", () => {
    for (const { name, expected } of examples) {
      expect(outcome.printed.get(name), name).toBe(expected.map((line) => `${line}\n`).join(""));
    }
  });
});
