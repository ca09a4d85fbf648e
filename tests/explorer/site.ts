// The explorer as a static host has it: built once, served from below a path of its own.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import sirv from "sirv";
import { afterAll, beforeAll, expect } from "vitest";
import { buildExplorer } from "../../tools/build-explorer.mjs";
import type { BrowserName } from "../browser/find.js";
import { describePages, type OpenPage, type Reader } from "../browser/pages.js";

/** How most tests look at it. */
export const DESK: Reader = { width: 1280, colorScheme: "light" };

/** A served explorer. */
export interface Site {
  /** Where it is opened. */
  readonly browser: BrowserName;
  /** Its address, with a slash at its end. */
  readonly url: string;
  /** Opens it. @param place what stands behind the address: `#trace=lua` */
  open(place?: string, reader?: Reader): Promise<OpenPage>;
}

/** Builds and serves the explorer. @returns its address, and how to end it */
export async function serveSite(): Promise<{ url: string; folder: string; close: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "ptmalloc-explorer-"));
  await buildExplorer(folder);
  const files = sirv(folder, { dev: true });
  const server: Server = createServer((request, response) => {
    const missing = (): void => void response.writeHead(404).end();
    if (!request.url?.startsWith("/some/where/")) return missing();
    request.url = request.url.slice("/some/where".length);
    files(request, response, missing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: `http://127.0.0.1:${port}/some/where/`, folder, close };
}

/** `describe` for tests of the explorer, in each browser that there is. */
export function describeExplorer(name: string, suite: (site: Site) => void): void {
  describePages(name, (open, browser) => {
    let served: Awaited<ReturnType<typeof serveSite>> | undefined;
    beforeAll(async () => {
      served = await serveSite();
    });
    afterAll(() => served?.close());
    suite({
      browser,
      get url() {
        return served!.url;
      },
      open: async (place = "", reader = DESK) => {
        const opened = await open(`${served!.url}${place}`, reader);
        await settled(opened.page);
        return opened;
      },
    });
  });
}

/** Waits until the page shows the moment that it is asked for. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector(".why .call, .why p");
  await page.waitForFunction("!document.querySelector('.waiting')");
}

/** @returns the text of the why panel */
export async function whyText(page: Page): Promise<string> {
  return page.locator(".why").innerText();
}

/** Expects that nothing went wrong in a page, and that it asked for its own files only. */
export function expectQuiet({ problems, requests }: OpenPage, url: string): void {
  expect(problems).toEqual([]);
  expect(requests.filter((one) => !one.startsWith(url) && !/^(blob|data):/.test(one))).toEqual([]);
}
