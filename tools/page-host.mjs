// A folder as a static host has it, and the Chromium that looks at it: for pictures and benchmarks.

import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import sirv from "sirv";
import { BROWSER_PLACES, CHROMIUM_FLAGS } from "./browsers.mjs";

/**
 * Serves a folder to this machine.
 * @param {string} folder
 * @returns {Promise<{ address: string, close: () => void }>} the address, which ends in "/"
 */
export async function serveFolder(folder) {
  const files = sirv(folder, { dev: true });
  const server = createServer((request, response) =>
    files(request, response, () => response.writeHead(404).end()),
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { address: `http://127.0.0.1:${port}/`, close };
}

/** Starts this machine's Chromium, without a window. */
export function startChromium() {
  const executablePath = BROWSER_PLACES.chromium.find((path) => path !== "" && existsSync(path));
  return chromium.launch({ ...(executablePath && { executablePath }), args: CHROMIUM_FLAGS });
}
