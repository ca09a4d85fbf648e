// The first screen, the time cursor, and links that lead back to what was shown.

import { expect, it } from "vitest";
import { describeExplorer, expectQuiet, settled, whyText } from "./site.js";

describeExplorer("the explorer", (site) => {
  it("is watched: errors, warnings and requests to others are seen", async () => {
    const { page, problems, requests } = await site.open();
    await page.evaluate(`(() => {
      console.error("an error");
      console.warn("a warning");
      setTimeout(() => { throw new Error("thrown"); });
      void fetch("http://elsewhere.invalid/").catch(() => 0);
    })()`);
    await expect.poll(() => problems.join()).toMatch(/an error.*a warning.*thrown/);
    await expect.poll(() => requests).toContain("http://elsewhere.invalid/");
    await page.close();
  });

  it("opens with a bundled trace, and says in a sentence what one sees", async () => {
    const opened = await site.open();
    const { page } = opened;
    expect(await page.locator(".sentence p").innerText()).toMatch(
      /^glibc 2\.36's heap .* 20,692 calls that a real program made \(git-log\)/,
    );
    expect(await page.locator(".map").isVisible()).toBe(true);
    expect(await whyText(page)).toContain("tcache_put");
    expectQuiet(opened, site.url);
    await page.close();
  });

  it("goes along the trace by keys, buttons and the slider", async () => {
    const { page } = await site.open("#trace=git-log&at=300");
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction("document.querySelector('.why .number')?.textContent === '300'");
    await page.keyboard.press("Shift+ArrowLeft");
    await page.waitForFunction("document.querySelector('.why .number')?.textContent === '200'");
    await page.getByRole("button", { name: "to the end" }).click();
    await page.waitForFunction("document.querySelector('.why .number')?.textContent === '20691'");
    await page.getByRole("slider", { name: "time cursor" }).focus();
    await page.keyboard.press("Home");
    await page.getByText("Nothing has happened yet").waitFor();
    await page.close();
  });

  it("keeps moment, address and view in the address bar, and goes back there", async () => {
    const { page } = await site.open("#trace=git-log&at=5000&view=lists&address=0x10c4868");
    expect(await page.getByRole("tab", { selected: true }).innerText()).toBe("Lists");
    expect(await page.locator("#selection-title + dl").innerText()).toContain("0x10c4868");
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction("location.hash.includes('at=5001')");
    const address = page.url();
    await page.goto("about:blank");
    await page.goto(address);
    await settled(page);
    expect(await whyText(page)).toContain("5000");
    expect(await page.getByRole("tab", { selected: true }).innerText()).toBe("Lists");
    await page.close();
  });
});
