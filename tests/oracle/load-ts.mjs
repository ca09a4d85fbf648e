// Lets plain Node.js programs use this project's TypeScript without a build: vite, which vitest
// brings along, translates it.
import { fileURLToPath } from "node:url";
import { createViteServer } from "vitest/node";

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Imports a TypeScript module, hands it to `use` and cleans up behind it.
 * @param {string} path from the project's root
 * @param {(module: any) => Promise<void> | void} use
 */
export async function withModule(path, use) {
  const server = await createViteServer({
    configFile: `${root}vitest.config.ts`,
    root,
    logLevel: "error",
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  try {
    await use(await server.ssrLoadModule(`/${path}`));
  } finally {
    await server.close();
  }
}
