// `npm run pictures`: README's pictures, taken of the built site (`npm run site`) in Chromium, by
// day and by night. They are in docs/pictures, so that a checkout has them.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { serveFolder, startChromium } from "./page-host.mjs";
import { pictureBytes } from "./picture-size.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const SITE = `${root}build/site`;
const OUT = `${root}docs/pictures/`;

/** What is taken: a part of a page, after it was prepared. */
const PICTURES = [
  {
    name: "live-heap",
    page: "index.html",
    part: ".live",
    async prepare(page) {
      await page.locator(".live input").fill("200000");
      await page.getByRole("button", { name: "malloc(200000)" }).click();
      await page.locator(".live input").fill("24");
    },
  },
  {
    name: "abort",
    page: "tours/aborts/invalid-next-size.html",
    part: ".tour-picture >> nth=0",
  },
];

async function take(browser, address, { name, page: path, part, prepare }, colorScheme) {
  const viewport = { width: 1100, height: 900 };
  const page = await browser.newPage({ viewport, colorScheme, deviceScaleFactor: 1.5 });
  await page.goto(`${address}${path}`);
  await page.locator(part).waitFor();
  await prepare?.(page);
  await page.evaluate(() => document.fonts.ready);
  const file = `${OUT}${name}-${colorScheme}.png`;
  await page.locator(part).screenshot({ path: file, animations: "disabled" });
  await page.close();
  const size = pictureBytes(file);
  const [width, height] = [16, 20].map((at) => readFileSync(file).readUInt32BE(at));
  console.log(
    `${file.slice(root.length)}  ${width} x ${height}, ${size.toLocaleString("en")} bytes`,
  );
}

if (!existsSync(`${SITE}/index.html`)) throw new Error("there is no site: npm run site");
const { address, close } = await serveFolder(SITE);
const browser = await startChromium();
try {
  mkdirSync(OUT, { recursive: true });
  for (const picture of PICTURES)
    for (const colorScheme of ["light", "dark"]) await take(browser, address, picture, colorScheme);
} finally {
  await browser.close();
  close();
}
