// `ptmalloc-wasm bench report`: a result of the lab, shown in whichever way is asked for.

import { Command, Option } from "commander";
import { writeWhole } from "../output.js";
import type { CliIo } from "../io.js";
import { csvReport } from "./report/csv.js";
import { markdownReport } from "./report/markdown.js";
import { pageReport } from "./report/page.js";
import { textReport } from "./report/text.js";
import { readResult } from "./result-file.js";
import { summarise } from "./summary.js";

interface Options {
  html?: string;
  markdown?: true;
  csv?: true;
}

const EXAMPLES = `
Examples:
  ptmalloc-wasm bench report result.json
  ptmalloc-wasm bench report --html result.html result.json
  ptmalloc-wasm bench report --csv result.json > result.csv

The page is one file, with all samples in it; it needs no network.`;

/** @returns the command, to be added to `bench` */
export function reportCommand(io: CliIo): Command {
  return new Command("report")
    .description(
      "Show a result of bench --json: as text, Markdown or CSV, or as a page with plots.",
    )
    .summary("show a result as text, Markdown, CSV or a page")
    .argument("<file>", "a result of bench --json; - is standard input")
    .option("--html <out>", "write a page with plots to the file <out>; - is standard output")
    .addOption(new Option("--markdown", "print Markdown").conflicts("csv"))
    .option("--csv", "print CSV, one line for each trace and contestant")
    .addHelpText("after", EXAMPLES)
    .action(async (file: string, _own: Options, command: Command) => {
      // bench itself has some of the same options, and takes them wherever they stand.
      const options = command.optsWithGlobals<Options>();
      const result = await readResult(file, io);
      const summary = summarise(result);
      const { html, markdown, csv } = options;
      if (html === "-") io.stdout.write(pageReport(result, summary));
      else if (html !== undefined) writeWhole(html, pageReport(result, summary));
      if (markdown) io.stdout.write(markdownReport(result, summary));
      else if (csv) io.stdout.write(csvReport(summary));
      else if (html === undefined) io.stdout.write(textReport(result, summary, io));
    });
}
