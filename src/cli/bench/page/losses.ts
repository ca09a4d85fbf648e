// Where this project loses, and in what: said on the page as it is in the other reports.

import { GROUP_HEADS, type Loss } from "../standing.js";
import type { Context } from "./context.js";
import { element, tableElement, type Child } from "./dom.js";

/** @returns a heading and the losses; that there are none, where there are none */
export function lossesPart(
  context: Context,
  losses: readonly Loss[],
  general: readonly string[],
): Child[] {
  const heading = element("h3", {}, "Where this project loses, and in what");
  const { reference } = context.data.summary;
  if (reference === null) return [];
  if (losses.length + general.length === 0)
    return [heading, element("p", {}, "Nobody is better at anything that was measured.")];
  const ours = context.title(reference);
  const note =
    `All that does better than ${ours} (*): times whose interval is below its time, and whatever ` +
    "else is better by more than 5 %.";
  const traces = [...new Set(losses.map(({ trace }) => trace))];
  const groups = traces.map((trace) => ({
    title: trace,
    rows: losses
      .filter((one) => one.trace === trace)
      .map(({ contestant, group, measures }) => ({
        head: context.heading(contestant),
        cells: [GROUP_HEADS[group], measures.join("; ")],
      })),
  }));
  const table = tableElement({
    label: "Where this project loses",
    heads: ["better", "group", "in"],
    words: [0, 1],
    groups,
  });
  return [
    heading,
    element("p", { class: "dim" }, note),
    ...general.map((line) => element("p", {}, line)),
    ...(losses.length === 0 ? [] : [table]),
  ];
}
