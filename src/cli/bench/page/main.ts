// The page of `bench`, in the browser: an overview, and a view for each trace, by the address's
// hash. What it shows was computed when it was written; it lies in the page as JSON.

import { noiseText, provenanceText } from "../report/measures.js";
import type { PageData } from "../report/page.js";
import { Context } from "./context.js";
import { byId, element, type Child } from "./dom.js";
import { overview } from "./overview.js";
import { traceView } from "./trace.js";

/** In front of a trace's name, in the hash. */
const TRACE = "#trace-";
const PAGE_TITLE = document.title;

const context = new Context(JSON.parse(byId("data").textContent) as PageData);

/** @returns the name of the trace whose view is asked for; null for the overview */
function asked(): string | null {
  const { hash } = window.location;
  return hash.startsWith(TRACE) ? decodeURIComponent(hash.slice(TRACE.length)) : null;
}

function header(): Child[] {
  const { result } = context.data;
  const noise = element("p", { class: result.noise.isBusy ? "warning" : "dim" }, noiseText(result));
  return [
    element("h1", {}, "Allocators raced by ptmalloc-wasm bench"),
    ...provenanceText(result).map((line) => element("p", { class: "dim" }, line)),
    noise,
  ];
}

/** Links to all views; the present one is marked. */
function navigation(present: string | null): HTMLElement {
  const link = (text: string, href: string, isPresent: boolean): HTMLElement =>
    element("li", {}, element("a", { href, "aria-current": isPresent ? "page" : undefined }, text));
  const traces = context.data.result.traces.map(({ name }) =>
    link(name, TRACE + encodeURIComponent(name), name === present),
  );
  return element("ul", {}, link("Overview", "#overview", present === null), ...traces);
}

/** @param isMoved whether the reader went there, and did not just open the page */
function show(isMoved: boolean): void {
  const name = asked();
  const found = name === null ? undefined : context.trace(name);
  const title = found === undefined ? "Overview" : found.trace.name;
  const heading = element("h2", { id: "main-start", tabindex: "-1" }, title);
  const content = found === undefined ? overview(context) : traceView({ context, ...found });
  byId("nav").replaceChildren(navigation(found === undefined ? null : found.trace.name));
  byId("main").replaceChildren(heading, ...content);
  document.title = found === undefined ? PAGE_TITLE : `${title} – ptmalloc-wasm bench`;
  if (!isMoved) return;
  window.scrollTo(0, 0);
  heading.focus();
}

byId("header").replaceChildren(...header());
show(false);
window.addEventListener("hashchange", () => {
  // The link that skips the header leads to a place of the present view.
  if (window.location.hash !== "#main-start") show(true);
});
