// Browsers, and a server for them: a page tells what it found by a POST (site/report.js), so
// nothing but a browser that can be started without a window is needed.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sirv from "sirv";
import { browserArguments } from "../../tools/browsers.mjs";
import { placeOf } from "./tools.js";

/** How long a page may take, ms. */
const PATIENCE_MS = 60_000;

/** Serves a folder, and hears what pages report. */
export class Listener {
  readonly #server: Server;
  #heard: (report: unknown) => void = () => undefined;

  /** @param headers more headers of each answer @param folder undefined: nothing but reports */
  constructor(folder: string | undefined, headers: Readonly<Record<string, string>> = {}) {
    const files = folder === undefined ? undefined : sirv(folder, { dev: true });
    this.#server = createServer((request, response) => {
      response.setHeaders(new Map(Object.entries(headers)));
      if (request.method === "POST") {
        let text = "";
        request.on("data", (chunk: Buffer) => (text += chunk.toString()));
        request.on("end", () => {
          response.end();
          this.#heard(JSON.parse(text));
        });
        return;
      }
      // As many servers do for what they do not have.
      const missing = (): void => {
        response.writeHead(404, { "Content-Type": "text/html" }).end("<!doctype html>Not here");
      };
      if (files === undefined) missing();
      else files(request, response, missing);
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** @returns the next report */
  next(): Promise<unknown> {
    return new Promise((resolve) => (this.#heard = resolve));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/**
 * Opens a page in a browser, and closes it when the page has reported.
 * @param page its URL, without a query
 * @param listener hears the report
 */
export async function reportOf(
  browser: "chromium" | "firefox",
  page: string,
  listener: Listener,
): Promise<unknown> {
  const profile = mkdtempSync(join(tmpdir(), `ptmalloc-${browser}-`));
  const url = `${page}?report=${encodeURIComponent(`${listener.origin}/report`)}`;
  const report = listener.next();
  const child = spawn(placeOf(browser)!, browserArguments(browser, profile, url), {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HOME: profile },
    detached: true,
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      const tell = () => reject(new Error(`${url} reported nothing; ${browser} said: ${errors}`));
      timer = setTimeout(tell, PATIENCE_MS);
    });
    return await Promise.race([report, late]);
  } finally {
    clearTimeout(timer);
    // The browser and what it started: they are one group.
    process.kill(-child.pid!, "SIGKILL");
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
