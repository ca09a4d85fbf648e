import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { BENCH_COMPILATIONS, BUILDS, VERSION_BUILDS, compilationsOf } from "../../tools/builds.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** The others' allocators. */
const PEERS = 7;
const namesOf = (...names: string[]) => compilationsOf(names).map(({ name }) => name);

describe("the table of builds", () => {
  it("has the package's builds, in both layouts, and its peers, for no name", () => {
    const builds = Object.keys({ ...BUILDS, ...VERSION_BUILDS });
    expect(namesOf()).toHaveLength(2 * builds.length + PEERS);
    expect(namesOf("core-2.43")).toEqual(["core-2.43.ilp32", "core-2.43.lp64"]);
    expect(namesOf()).toContain("threads.lp64");
  });

  it("takes a build, one of its layouts, a benchmark's module, or all of these", () => {
    expect(namesOf("core")).toEqual(["core.ilp32", "core.lp64"]);
    expect(namesOf("core.lp64", "peers/tlsf", "core")).toEqual([
      "core.ilp32",
      "core.lp64",
      "peers/tlsf",
    ]);
    expect(namesOf("bench")).toEqual(BENCH_COMPILATIONS.map(({ name }) => name));
  });

  it.each(["cor", "core.", "core.ilp64", "bench/", "tlsf", "", "__proto__"])(
    "refuses %j",
    (name) => {
      expect(() => compilationsOf(["core", name])).toThrow(`no build "${name}"; there are core,`);
    },
  );

  it.each([...compilationsOf([]), ...BENCH_COMPILATIONS])("$name: its files exist", (one) => {
    const files = one.options.filter((option) => option.endsWith(".mjs"));
    for (const file of [one.entry, ...files]) expect(existsSync(`${root}/${file}`)).toBe(true);
  });
});
