// What people do with it: filter, search, undo, call, run programs, and drop files.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { expect, it } from "vitest";
import { describeExplorer, expectQuiet, settled, whyText } from "./site.js";

async function line(page: Page, text: string): Promise<void> {
  await page.locator("input[name=line]").fill(text);
  await page.keyboard.press("Enter");
}

async function said(page: Page, what: RegExp): Promise<void> {
  await expect.poll(() => page.locator(".output").innerText(), { timeout: 15_000 }).toMatch(what);
}

describeExplorer("work in the explorer", (site) => {
  it("filters, searches and undoes", async () => {
    const { page } = await site.open("#trace=git-log&at=5000");
    await page.getByRole("button", { name: "only free, in a large bin" }).click();
    const status = page.locator(".filter [role=status]");
    await expect.poll(() => status.textContent()).toMatch(/^\d+ chunks pass$/);
    await page.keyboard.press("z");
    await expect.poll(() => status.textContent()).toBe("all chunks");
    await page.getByRole("searchbox").fill("0x10c4870");
    await page.keyboard.press("Enter");
    await page.locator("#selection-title + dl").waitFor();
    await page.getByRole("searchbox").fill("@300");
    await page.keyboard.press("Enter");
    await expect.poll(() => whyText(page)).toContain("300");
    await page.close();
  });

  it("gives views away as pictures, with what their colours mean", async () => {
    const opened = await site.open("#trace=git-log&at=300");
    const { page } = opened;
    await page.evaluate(`(() => {
      window.given = [];
      const make = URL.createObjectURL;
      URL.createObjectURL = (blob) => (given.push(blob), make.call(URL, blob));
      document.addEventListener("click", (event) => {
        if (event.target.download !== undefined) event.preventDefault();
      });
    })()`);
    const given = async (button: string): Promise<string> => {
      await page.evaluate("given.length = 0");
      await page.getByRole("button", { name: button }).click();
      await page.waitForFunction("given.length === 1");
      return page.evaluate<string>("given[0].text()");
    };
    const map = await given("this view as SVG");
    expect(map).toMatch(/^<svg [^]*>in use<\/text>[^]*git-log, after 300 operations/);
    expect(map).not.toContain("foreignObject");
    for (const name of ["lists", "time"]) {
      await page.locator(`#tab-${name}`).click();
      await settled(page);
      expect(await given("as PNG")).toContain("PNG");
      const svg = await given("this view as SVG");
      expect(svg).toContain("git-log, after 300 operations");
      expect(svg).not.toMatch(/<(button[^>]*>(closer|farther)|select|input)/);
    }
    expectQuiet(opened, site.url);
    await page.close();
  });

  it("makes calls beside a trace, shows an abort, and takes it back", async () => {
    const opened = await site.open("#trace=git-log&at=300&view=console");
    const { page } = opened;
    await line(page, "p = malloc(24)");
    await said(page, /= 0x10/);
    await line(page, "free(p); free(p)");
    await said(page, /free\(\): double free detected in tcache 2/);
    await expect.poll(() => whyText(page)).toContain("double free");
    await line(page, "undo");
    await said(page, /taken back: 2 calls/);
    await line(page, "leave");
    await expect.poll(() => page.locator(".sentence").innerText()).toContain("20,692 calls");
    expectQuiet(opened, site.url);
    await page.close();
  });

  it("runs a program, whose writes and calls can be scrubbed", async () => {
    const opened = await site.open("#view=program");
    const { page } = opened;
    await page.locator(".cm-content").fill('const p = malloc(40); memory[p] = 65; print("p", p)');
    await page.locator(".run").click();
    await said(page, /p \d+\n+2 calls/);
    expect(await whyText(page)).toContain("store(");
    await page.keyboard.press("Home");
    expectQuiet(opened, site.url);
    await page.close();
  });

  it("ends programs that do not end, and lets none reach the page or the network", async () => {
    const { page, requests } = await site.open("#view=program");
    const run = async (text: string, what: RegExp): Promise<void> => {
      await page.locator(".cm-content").fill(text);
      await page.locator(".run").click();
      await said(page, what);
    };
    const before = requests.length;
    await run("malloc(10); for (;;);", /stopped: it ran for longer than 3000 ms/);
    await run("for (;;) malloc(1);", /more than 100000 calls/);
    await run(
      'try { await fetch("https://example.com/"); print("out") } catch { print("no fetch") }',
      /no fetch/,
    );
    await run("print(typeof document, typeof parent, typeof localStorage)", /undefined undefined/);
    await run('importScripts("https://example.com/x.js")', /ended: /);
    await run("this is no program", /ended: /);
    const outside = requests.slice(before).filter((one) => !one.startsWith(site.url));
    expect(outside.filter((one) => !one.startsWith("blob:"))).toEqual([]);
    await page.close();
  });

  const files = site.browser === "chromium" ? 500 : 60;
  it(`names the place where a dropped file is broken, and goes on: ${files} of them`, async () => {
    const opened = await site.open("#trace=git-log&at=300");
    const { page } = opened;
    const texts = brokenFiles(files, 20_261_130);
    const odd = await page.evaluate<string[]>(dropAll(texts));
    expect(odd).toEqual([]);
    await page.getByRole("combobox", { name: "trace" }).selectOption("lua");
    await settled(page);
    await expect.poll(() => page.locator(".sentence").innerText()).toContain("(lua)");
    expect(opened.problems).toEqual([]);
    await page.close();
  });
});

/** Files of all kinds, each broken somewhere, base64. */
function brokenFiles(count: number, seed: number): string[] {
  const random = xoroshiro128plus(seed);
  const below = (most: number): number => (random.next() >>> 0) % most;
  const packed = readFileSync(new URL("../../traces/git-log.rep.gz", import.meta.url));
  const text = gunzipSync(packed).subarray(0, 3000);
  const heads = [
    packed.subarray(0, 2000),
    text,
    Buffer.from('{"format":"ptmalloc-wasm heap snapshot","version":1,"of":"x","abi":"ilp32"}'),
    Buffer.concat([Buffer.from("ptmalloc-wasm heap image"), Buffer.alloc(400, 7)]),
    Buffer.from("malloc(24) = 0x1000\nfree(0x1000) = <void>\nmalloc(9999"),
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3, 4, 5, 6, 7, 8]),
    Buffer.from("= Start\n@ ./a:[0x1] + 0x2000 0x18\n@ ./a:[0x1] - 0x2000\n= End\n"),
  ];
  return Array.from({ length: count }, () => {
    const bytes = Buffer.from(heads[below(heads.length)]!);
    for (let i = 0; i < 1 + below(6); i++) bytes[below(bytes.length)] = below(256);
    return bytes.subarray(0, 1 + below(bytes.length)).toString("base64");
  });
}

/** Drops files one after the other; tells of those that neither open nor are told to be broken. */
function dropAll(files: readonly string[]): string {
  return `(async () => {
    const odd = [];
    const files = ${JSON.stringify(files)};
    for (const [i, text] of files.entries()) {
      const name = "broken-" + i + ".rep";
      const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], name));
      dispatchEvent(new DragEvent("drop", { dataTransfer: data }));
      const end = performance.now() + 10000;
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 4));
        const problem = document.querySelector(".problem")?.textContent ?? "";
        const title = document.querySelector(".sentence")?.textContent ?? "";
        if (problem.includes(name) || title.includes("broken-" + i + ")") ||
            title.includes("broken-" + i + ".rep")) break;
        if (performance.now() > end) { odd.push(name + ": " + problem + " | " + text); break; }
      }
      if (odd.length > 2) break;
    }
    return odd;
  })()`;
}
