import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isDue } from "../support/campaign.js";
import { ENVIRONMENTS, type Entry, type Environment } from "./matrix.js";
import { Site } from "./site.js";
import { haveAll, placeOf, type Tool } from "./tools.js";

/** What site/program.js finds everywhere. */
const REPORT = {
  misalignment: 0,
  grewPast64MiB: true,
  // The view from before is empty, the one that was fetched anew is whole.
  viewAfterGrowth: [0, 100, 7, 7],
  outOfMemory: [true, "malloc: no memory for 1073741824 bytes"],
  isIntact: true,
  doubleFree: [true, "free(): double free detected in tcache 2"],
  afterwards: "HeapDeadError",
  sync: true,
};

const EXPECTED: Readonly<Record<Entry, unknown>> = {
  default: REPORT,
  core: REPORT,
  module: REPORT,
  wasm: REPORT,
  kernel: { maps: "ADDRESS rw-p 00000000 00:00 0 ", mapped: true, image: true, lp64: true },
  threads: { thread: 0, isShared: true, block: 0 },
};

const SLOW: readonly Tool[] = ["firefox", "next"];

let site: Site;

beforeAll(() => {
  site = new Site();
});

afterAll(() => {
  site.remove();
});

describe.skipIf(!haveAll("CommonJS", ["node20"]))("CommonJS", () => {
  it("can require the package, from Node.js 20.19 on", () => {
    const program = "console.log(require('ptmalloc-wasm').createHeapSync().malloc(100) % 16)";
    const options = { cwd: site.folder, encoding: "utf8", stdio: "pipe" } as const;
    expect(execFileSync(placeOf("node20")!, ["-e", program], options)).toBe("0\n");
  });
});

/** The short form tries an environment once, and none that takes ten seconds to start. */
function dueOf({ name, tools, entries }: Environment): readonly Entry[] {
  const few = tools.some((tool) => SLOW.includes(tool)) ? [] : entries.slice(0, 1);
  const more = entries.slice(few.length);
  if (more.length === 0) return entries;
  return isDue(`${name}: ${more.join(", ")}`, "they take long to start") ? entries : few;
}

for (const environment of ENVIRONMENTS) {
  const { name, tools, entries, run } = environment;
  const isThere = haveAll(name, tools);
  const due = isThere ? dueOf(environment) : entries;
  describe.skipIf(!isThere)(name, () => {
    for (const entry of entries) {
      it.skipIf(!due.includes(entry))(entry, async () => {
        expect(await run(site, entry)).toEqual(EXPECTED[entry]);
      });
    }
  });
}
