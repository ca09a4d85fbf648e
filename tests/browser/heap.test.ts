import { expect, it } from "vitest";
import { describeChromium } from "./chromium.js";

const GOOD = {
  events: true,
  isTextSame: true,
  cut: [7, "Grüße"],
  item: { id: 1, name: "né", at: { x: 0.5 } },
  newView: 100,
  last: 1.5,
  using: true,
};

describeChromium(
  "the heap on a page",
  (browser) => {
    it.each(["ilp32", "lp64"])("text, structs, blocks, scopes, growth: %s", async (abi) => {
      expect(await browser.run("heapPlain", abi)).toMatchObject({
        ...GOOD,
        stable: false,
        oldView: 0,
        isSame: false,
      });
    });

    it.each(["ilp32", "lp64"])("the same over shared memory: %s", async (abi) => {
      expect(await browser.run("heapShared", abi)).toMatchObject({
        ...GOOD,
        stable: true,
        oldView: 100,
      });
    });

    it.each(["ilp32", "lp64"])("views that stay, where the browser can: %s", async (abi) => {
      const result = (await browser.run("heapStable", abi)) as { can: boolean };
      expect(result).toMatchObject(GOOD);
      const { can } = result;
      expect(result).toMatchObject({ stable: can, oldView: can ? 100 : 0, isSame: can });
    });

    it("a memory without a maximum has no such views", async () => {
      expect(await browser.run("heapUnbounded")).toMatch(
        /^TypeError: option "stableViews" needs a memory that was made with a maximum$|^made: false$/,
      );
    });
  },
  true,
);
