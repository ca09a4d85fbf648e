import { defineConfig } from "vitest/config";

const ci = Boolean(process.env.CI);

export default defineConfig({
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
