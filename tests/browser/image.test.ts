import { expect, it } from "vitest";
import { describeChromium } from "./chromium.js";

describeChromium("a heap that survives in a browser", (browser) => {
  it.each(["ilp32", "lp64"])("the worker that had it was ended: %s", async (abi) => {
    const first = await browser.run("inWorker", "imageBegins", abi);
    const next: unknown = expect.any(Number);
    expect(first).toEqual({ hasPages: true, root: next, next });
    const { root, next: block } = first as { root: number; next: number };
    const second = await browser.run("inWorker", "imageGoesOn", abi);
    expect(second).toEqual({ isWhole: true, root, next: block });
    // Closed in between, and gone on with once more: now the next block is another one.
    const third = await browser.run("inWorker", "imageGoesOn", abi);
    expect(third).toMatchObject({ isWhole: true, root });
    expect((third as { next: number }).next).toBeGreaterThan(block);
  });

  it.each(["ilp32", "lp64"])("on the main thread, in memory: %s", async (abi) => {
    expect(await browser.run("imageInMemory", abi)).toEqual({ isSame: true });
  });
});
