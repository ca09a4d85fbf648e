// The report of `bench` as one page of HTML. The build makes the page without data
// (tools/build-page.mjs); here it gets its title and its data.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { systemReason, UserError } from "../../io.js";
import { packageRoot } from "../../package-root.js";
import type { BenchResult } from "../result.js";
import { verdictSentences, generalLosses, lossesOf, type Loss } from "../standing.js";
import type { Summary } from "../summary.js";

/** The page without data, from the package's folder. */
const TEMPLATE = "dist/cli/bench-page.html.gz";
/** What stands in the template for what is put into it. */
const PLACES = /%(TITLE|DATA)%/g;

/** What the page is given, as JSON. */
export interface PageData {
  readonly result: BenchResult;
  readonly summary: Summary;
  readonly verdict: readonly string[];
  readonly losses: readonly Loss[];
  readonly generalLosses: readonly string[];
}

/**
 * @returns the page: one file that needs nothing else
 * @throws UserError where the build has made no template
 */
export function pageReport(result: BenchResult, summary: Summary): string {
  const data: PageData = {
    result,
    summary,
    verdict: verdictSentences(result, summary),
    losses: lossesOf(result, summary),
    generalLosses: generalLosses(result, summary),
  };
  const traces = result.traces.map(({ name }) => name).join(", ");
  const parts: Readonly<Record<string, string>> = {
    TITLE: htmlText(`ptmalloc-wasm bench: ${traces}`),
    DATA: scriptJson(data),
  };
  // At once: what is put in may look like a place, too.
  return template().replace(PLACES, (_, name: string) => parts[name]!);
}

function template(): string {
  const path = join(packageRoot(), TEMPLATE);
  try {
    return gunzipSync(readFileSync(path)).toString("utf8");
  } catch (error) {
    throw new UserError(
      `${path}: ${systemReason(error) ?? String(error)} (npm run build makes it)`,
    );
  }
}

function htmlText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}

/** JSON inside an element: no "<" is in it, which might end that. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, "\\u003c");
}
