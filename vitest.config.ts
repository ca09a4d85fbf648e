import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const ci = Boolean(process.env.CI);

export default defineConfig({
  resolve: {
    alias: {
      "#binaries": fileURLToPath(new URL("./src/host/node-binaries.ts", import.meta.url)),
      "#files": fileURLToPath(new URL("./src/kernel/files/node.ts", import.meta.url)),
      "#threads": fileURLToPath(new URL("./src/host/node-threads.ts", import.meta.url)),
    },
  },
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // CI reads the counts of a run from the JSON report.
    reporters: ci ? ["default", "json"] : ["default"],
    outputFile: { json: "build/test-results.json" },
  },
});
