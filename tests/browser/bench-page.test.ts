// The page of `bench`, as readers meet it: from a file, on a desk or a phone, by day and by night,
// with the keyboard, and with a screen reader, as far as axe-core can tell.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, expect, it } from "vitest";
import { pageReport } from "../../src/cli/bench/report/page.js";
import type { BenchResult } from "../../src/cli/bench/result.js";
import { summarise } from "../../src/cli/bench/summary.js";
import { benchResult } from "../cli/bench/results.js";
import { describePages, type OpenPage, type Opener, type Reader } from "./pages.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "ptmalloc-bench-page-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @returns the address of the result's page, written to a file */
function written(result: BenchResult, name = "bench"): string {
  const path = join(folder, `${name}.html`);
  writeFileSync(path, pageReport(result, summarise(result)));
  return pathToFileURL(path).href;
}

const DESK: Reader = { width: 1280, colorScheme: "light" };
const READERS: Reader[] = [
  DESK,
  { width: 1280, colorScheme: "dark" },
  { width: 360, colorScheme: "dark" },
];

/** What a view shows. */
interface Outline {
  readonly headings: readonly string[];
  readonly figures: readonly string[];
  readonly tables: number;
  /** Pixels. */
  readonly width: number;
}

async function outline(page: Page): Promise<Outline> {
  await page.waitForFunction(
    "[...document.querySelectorAll('.plot')].every((box) => box.querySelector('path, rect'))",
  );
  return page.evaluate<Outline>(`({
    headings: [...document.querySelectorAll("main h3")].map((one) => one.textContent),
    figures: [...document.querySelectorAll("figcaption strong")].map((one) => one.textContent),
    tables: document.querySelectorAll("figure table").length,
    width: document.documentElement.scrollWidth,
  })`);
}

/** Rules of axe-core that the page breaks, of those that keep readers out. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>(
    "axe.run({ resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" ")}`);
}

const BLOCKS = [
  "In WebAssembly",
  "Called from JavaScript",
  "The JavaScript engine's own",
  "Native processes",
  "Controls: the loop without an allocator",
];
const LOSSES = "Where this project loses, and in what";

function isQuiet({ problems, requests }: OpenPage): void {
  expect(problems).toEqual([]);
  expect(requests).toHaveLength(1);
  expect(requests[0]).toMatch(/^file:/);
}

function suite(open: Opener): void {
  const result = benchResult({ traces: 2, busy: true });

  it.each(READERS)("shows all there is: $width pixels, $colorScheme", async (reader) => {
    const opened = await open(written(result), reader);
    const { page } = opened;
    const overview = await outline(page);
    expect(overview.headings).toEqual([
      ...["All traces", "Code and start-up", LOSSES, "Contestants", "Missing", "Samples"],
    ]);
    expect(overview.figures).toEqual([...BLOCKS, "Code", "Start-up"]);
    expect(overview.tables).toBe(overview.figures.length);
    expect(overview.width).toBeLessThanOrEqual(reader.width);
    expect(await findings(page)).toEqual([]);
    expect(await page.getByText("apt-get install libtcmalloc-minimal4").isVisible()).toBe(true);
    expect(await page.getByText("The machine was busy: other programs").isVisible()).toBe(true);
    for (const { name } of result.traces) {
      await page.getByRole("link", { name, exact: true }).click();
      const view = await outline(page);
      expect(view.headings).toEqual(["Time", "How it went", "All numbers", LOSSES]);
      const courses = ["Throughput over time", "Latency", "Footprint over time"];
      expect(view.figures).toEqual([...BLOCKS, ...courses]);
      expect(view.tables).toBe(view.figures.length);
      expect(view.width).toBeLessThanOrEqual(reader.width);
    }
    expect(await findings(page)).toEqual([]);
    isQuiet(opened);
    await page.close();
  });

  it("can be used with the keyboard, and says where one is", async () => {
    const { page } = await open(written(result), DESK);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toMatch(/^Skip/);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForFunction("document.activeElement.tagName === 'H2'");
    expect(await page.title()).toBe("lua – ptmalloc-wasm bench");
    expect(await page.locator("nav [aria-current=page]").textContent()).toBe("lua");
    const rows = page.getByRole("region", { name: "Latency" }).locator("tbody tr");
    const before = await rows.count();
    const box = page.getByRole("checkbox", { name: "glibc 2.36, native" });
    await box.focus();
    await page.keyboard.press("Space");
    expect(await rows.count()).toBe(before + 1);
    await page.goBack();
    await page.waitForFunction("document.querySelector('h2').textContent === 'Overview'");
    await page.close();
  });

  it("axe-core finds what is put there to be found", async () => {
    const { page } = await open(written(result), DESK);
    await page.evaluate("document.querySelector('main').append(document.createElement('button'))");
    expect(await findings(page)).toEqual([expect.stringMatching(/^button-name: /)]);
    await page.close();
  });

  it("opens at a trace's own address", async () => {
    const { page } = await open(`${written(result)}#trace-ld`, DESK);
    expect(await page.locator("h2").textContent()).toBe("ld");
    await page.close();
  });

  it("gives its data back", async () => {
    const { page } = await open(written(result), DESK);
    const saved = async (name: string): Promise<string> => {
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name }).click();
      return readFileSync(await (await download).path(), "utf8");
    };
    expect(JSON.parse(await saved("All samples"))).toEqual(result);
    expect(await saved("All times")).toMatch(/^trace,contestant,kind,sample,nanoseconds\nlua,/);
    expect(await saved("Statistics")).toMatch(/^trace,contestant,group,/);
    await page.close();
  });

  it("takes names for text, whatever is in them", async () => {
    const evil = "</script><script>throw 1</script><img src=x onerror=alert(1)> %DATA% $& #?/";
    const made = benchResult({ traces: 1, contestants: 9 });
    const named = { ...made, traces: made.traces.map((trace) => ({ ...trace, name: evil })) };
    const opened = await open(written(named, "evil"), DESK);
    await opened.page.getByRole("link", { name: evil, exact: true }).click();
    await outline(opened.page);
    expect(await opened.page.locator("h2").textContent()).toBe(evil);
    isQuiet(opened);
    await opened.page.close();
  });

  it("shows a run in which hardly anything is known", async () => {
    const made = benchResult({ traces: 1, contestants: 8 });
    const unknown = { latency: null, heldBytes: null, growths: null, residentBytes: null };
    const none = { failure: "it fell over", cold: [], lukewarm: [], warm: [], ...unknown };
    const bare = {
      ...made,
      missing: [],
      contestants: made.contestants.map((one) => ({ ...one, code: null, startUp: [] })),
      traces: made.traces.map((trace) => ({
        ...trace,
        heaps: trace.heaps.map((heap, i) => ({ ...heap, ...(i === 0 ? unknown : none) })),
      })),
    };
    const opened = await open(`${written(bare, "bare")}#trace-lua`, DESK);
    const view = await outline(opened.page);
    expect(view.figures).toContain("Throughput over time");
    expect(view.figures).not.toContain("Latency");
    expect(await opened.page.getByText("it fell over").first().isVisible()).toBe(true);
    isQuiet(opened);
    await opened.page.close();
  });
}

describePages("the page of bench", suite, ["chromium"]);

it("every colour stands out from the page, by day and by night", () => {
  const css = readFileSync(new URL("../../src/cli/bench/page/style.css", import.meta.url), "utf8");
  const modes = css.split("prefers-color-scheme: dark").slice(0, 2);
  expect(modes).toHaveLength(2);
  for (const mode of modes) {
    const back = /--back: (#\w{6})/.exec(mode)![1]!;
    const colors = [...mode.matchAll(/--s\d: (#\w{6})/g)].map(([, color]) => color!);
    expect(colors).toHaveLength(7);
    expect(new Set(colors).size).toBe(7);
    // WCAG 2.2, 1.4.11: graphics that are needed to understand the content.
    for (const color of colors) expect(contrast(color, back), color).toBeGreaterThanOrEqual(3);
  }
});

/** WCAG's contrast ratio. */
function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}
