import { expect, it } from "vitest";
import { describeChromium } from "./chromium.js";

const HARMLESS = { systemCalls: 0, listLocks: 0, arenasMended: 0, arenasRetired: 0 };
const anyRepair = expect.objectContaining({ arenasRetired: 0 }) as unknown;

describeChromium(
  "threads in a browser, on a page with the headers COOP and COEP",
  (browser) => {
    it.each(["ilp32", "lp64"])("a page and its workers share a heap: %s", async (abi) => {
      expect(await browser.run("threadsTogether", abi)).toEqual({
        bad: [0, 0],
        isSeen: true,
        seen: 9,
        threads: [0, 1, 2],
        left: [0],
        arenas: 3,
        broken: 0,
      });
    });

    it.each(["ilp32", "lp64"])("the page, which may not wait, spins: %s", async (abi) => {
      expect(await browser.run("mainSpins", abi)).toEqual({
        isBlock: true,
        contended: 1,
        waited: 0,
      });
    });

    it.each(["ilp32", "lp64"])("a worker that is terminated is noticed: %s", async (abi) => {
      expect(await browser.run("terminated", abi)).toEqual({
        notices: [{ thread: 2, repair: anyRepair }],
        bad: 0,
        broken: 0,
      });
    });

    it.each(["ilp32", "lp64"])("also inside a lock: %s", async (abi) => {
      expect(await browser.run("terminatedInside", abi)).toEqual({
        notices: [{ thread: 1, repair: { ...HARMLESS, arenasMended: 1, blocksReturned: 0 } }],
        isBlock: true,
        threads: [0],
      });
    });

    it("a page has room for several memories of the default size", async () => {
      expect(await browser.run("sharedMemories", 2 ** 14)).toBeGreaterThanOrEqual(16);
    });
  },
  true,
);

describeChromium("threads in a browser, on a page without the headers", (browser) => {
  it("the error says which", async () => {
    expect(await browser.run("threadsRefused")).toBe(
      "threads need shared memory, and this page is not cross-origin isolated (crossOriginIsolated is false): " +
        'it must be served with the headers "Cross-Origin-Opener-Policy: same-origin" and ' +
        '"Cross-Origin-Embedder-Policy: require-corp" (or "credentialless")',
    );
  });
});
