// The names that `--against` takes, and what `npm run bench:setup` makes of what is missing.

import { describe, expect, it } from "vitest";
import { contestants, find, groupNames } from "../../../src/cli/bench/registry.js";
import { MissingError, type Contestant } from "../../../src/cli/bench/contestant.js";
import { installCommands, setUp } from "../../../src/cli/bench/setup.js";
import { UsageError } from "../../../src/cli/io.js";

const names = (...given: string[]): string[] => find(given).map(({ name }) => name);

describe("contestants", () => {
  it("have names of their own, which no group has", () => {
    const all = [...contestants.map(({ name }) => name), ...groupNames()];
    expect(new Set(all).size).toBe(all.length);
  });

  it("are found by name and by group, each once", () => {
    expect(names("emmalloc")).toEqual(["emmalloc"]);
    expect(names("dlmalloc")).toEqual(["dlmalloc-emscripten", "dlmalloc-wasi"]);
    expect(names("mimalloc", "mimalloc2")).toEqual(["mimalloc2", "mimalloc3"]);
    expect(names("rust")).toEqual(["dlmalloc-rs", "talc", "rlsf"]);
    expect(names("native")).toEqual(["glibc-x86-64", "glibc-i386", "jemalloc", "mimalloc-native"]);
    expect(names("all")).toHaveLength(contestants.length);
    for (const group of groupNames()) expect(find([group]), group).not.toEqual([]);
  });

  it("are listed where a name is nobody's, with the one that may be meant", () => {
    expect(() => find(["emaloc"])).toThrow(UsageError);
    expect(() => find(["emaloc"])).toThrow(
      /^there is no contestant "emaloc" \(did you mean emmalloc\?\); there are .*emmalloc.*mimalloc/,
    );
    expect(() => find(["quick"])).toThrow(/^there is no contestant "quick"; there are /);
  });
});

function contestant(name: string, prepare: Contestant["prepare"]): Contestant {
  const rest = { title: name, about: "", source: "", abilities: [] } as const;
  return { name, group: "wasm", control: null, ...rest, prepare };
}

describe("the setup", () => {
  it("makes one command for each package manager", () => {
    expect(
      installCommands([
        "apt-get install gcc libc6-dev",
        "apt-get install gcc lld; or rustup target add wasm32",
        "npm install --save-dev binaryen",
        "npm install @thi.ng/malloc",
        "a kernel that runs programs of 32 bits",
        "",
      ]),
    ).toEqual([
      ["apt-get", "install", "-y", "--no-install-recommends", "gcc", "libc6-dev", "lld"],
      ["npm", "install", "--no-save", "binaryen", "@thi.ng/malloc"],
    ]);
  });

  it("says who is ready, what is missing and how to get it, and what is broken", async () => {
    let text = "";
    const io = {
      stdin: (async function* () {})(),
      stdout: { write: (data: string | Uint8Array) => (text += String(data)) },
      stderr: { write: () => undefined },
      env: { COLUMNS: "80" },
    };
    const start = (): never => {
      throw new Error("not called");
    };
    const found = await setUp(
      io,
      [
        contestant("good", () => Promise.resolve({ version: "1.2", code: null, start })),
        contestant("away", () => Promise.reject(new MissingError("no x", "apt-get install x"))),
        contestant("bad", () => Promise.reject(new Error("broke"))),
      ],
      false,
    );
    expect(found).toBe(2);
    expect(text).toMatch(/^good +wasm +ready +1\.2$/m);
    expect(text).toMatch(/^away +wasm +missing +no x: apt-get install x$/m);
    expect(text).toMatch(/^bad +wasm +broken +broke$/m);
    expect(text).toMatch(/^apt-get install -y --no-install-recommends x$/m);
  });
});
