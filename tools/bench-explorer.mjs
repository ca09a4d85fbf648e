// How fast the explorer is: how long a trace of a million operations takes to load, and how much
// work of the page's own thread a frame of scrubbing costs, with 200,000 blocks live.
//
//   node tools/bench-explorer.mjs [operations]      prints a line of JSON

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExplorer } from "./build-explorer.mjs";
import { serveFolder, startChromium } from "./page-host.mjs";

const count = Number(process.argv[2] ?? 1_000_000);
const LIVE = Math.min(200_000, count / 4);

/** A trace: blocks come until so many live, then come and go. */
function trace() {
  let seed = 12345;
  const below = (most) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * most);
  };
  const lines = ["0", "0", "0", "0"];
  for (let i = 0, next = 0; i < count; i++) {
    if (next < LIVE) lines.push(`a ${next++} ${8 + below(500)}`);
    else {
      const id = below(LIVE);
      lines.push(`f ${id}`, `a ${id} ${8 + below(500)}`);
      i++;
    }
  }
  return lines.join("\n");
}

/** Moves the cursor once a frame, and waits for the heap to follow. */
const SCRUB = `(async () => {
  const slider = document.querySelector(".time-slider input");
  const most = Number(slider.max);
  for (let i = 0; i < 120; i++) {
    await new Promise(requestAnimationFrame);
    slider.value = String(Math.round(most * (0.5 + i / 300)));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }
  await new Promise((resolve) => setTimeout(resolve, 1500));
})()`;

const folder = mkdtempSync(join(tmpdir(), "ptmalloc-explorer-bench-"));
await buildExplorer(folder);
writeFileSync(join(folder, "million.rep"), trace());
const { address, close } = await serveFolder(folder);
const browser = await startChromium();
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
const session = await page.context().newCDPSession(page);
await session.send("Performance.enable");
const spent = async () => {
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0;
};
const begin = performance.now();
await page.goto(`${address}#file=million.rep`);
await page.waitForSelector(".why .call", { timeout: 120_000 });
const loaded = performance.now() - begin;
await page.evaluate(
  "globalThis.longest = 0, new PerformanceObserver((list) => { for (const one of list.getEntries()) longest = Math.max(longest, one.duration) }).observe({ entryTypes: ['longtask'] })",
);
const before = await spent();
await page.evaluate(SCRUB);
const work = ((await spent()) - before) / 120;
const longest = await page.evaluate("longest");
console.log(
  JSON.stringify({
    operations: count,
    live: LIVE,
    loadMilliseconds: Math.round(loaded),
    scrubMillisecondsAFrame: Number((work * 1000).toFixed(1)),
    longestTaskMilliseconds: Math.round(longest),
  }),
);
await browser.close();
close();
rmSync(folder, { recursive: true, force: true });
