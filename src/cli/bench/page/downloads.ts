// The data, as files: all of the result as JSON, the samples and the statistics as CSV.

import { csvReport, csvSamples } from "../report/csv.js";
import type { Context } from "./context.js";
import { element } from "./dom.js";

/** @returns buttons that save files, made when they are asked for */
export function downloads({ data: { result, summary } }: Context): HTMLElement {
  const day = result.date.slice(0, 10);
  const json = (): string => `${JSON.stringify(result)}\n`;
  return element(
    "div",
    { class: "buttons" },
    button("All samples (JSON)", `bench-${day}.json`, "application/json", json),
    button("All times (CSV)", `bench-${day}-samples.csv`, "text/csv", () => csvSamples(result)),
    button("Statistics (CSV)", `bench-${day}.csv`, "text/csv", () => csvReport(summary)),
  );
}

function button(label: string, name: string, type: string, make: () => string): HTMLElement {
  const made = element("button", { type: "button" }, label);
  made.addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([make()], { type }));
    element("a", { href: url, download: name }).click();
    // The browser has begun to save it by then.
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  });
  return made;
}
