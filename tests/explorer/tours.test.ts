// Guided tours, from their first step to the last: each is seen in the page.

import { expect, it } from "vitest";
import { describeExplorer, expectQuiet, settled } from "./site.js";

describeExplorer("tours of the explorer", (site) => {
  it.each([
    ["linux-heap", /heap_info/],
    // The dry run of each step is of the call that aborts.
    ["aborts", /free\(b\) would[^]*munmap_chunk\(\): invalid pointer/],
    ["why-not-returned", /mm_struct/],
  ])("%s runs to its end", async (name, last) => {
    const opened = await site.open(`?tour=${name}`);
    const { page } = opened;
    const panel = page.locator(".tour");
    const next = panel.getByRole("button", { name: "next" });
    await panel.waitFor();
    const [, count] = /step 1 of (\d+)/.exec(await panel.innerText())!;
    for (let step = 1; step <= Number(count); step++) {
      expect(await panel.innerText()).toContain(`step ${step} of ${count}`);
      await panel.getByRole("button", { name: "answer" }).click();
      await settled(page);
      await expect.poll(() => page.locator("#view").innerText()).not.toBe("");
      if (name === "aborts") await page.locator("#view .failure").waitFor();
      if (step < Number(count)) await next.click();
    }
    expect(await next.isDisabled()).toBe(true);
    await expect.poll(() => page.locator("main").innerText()).toMatch(last);
    expect(await page.locator(".problem").count()).toBe(0);
    await panel.getByRole("button", { name: "leave the tour" }).click();
    expect(await panel.count()).toBe(0);
    expectQuiet(opened, site.url);
    await page.close();
  });
});
