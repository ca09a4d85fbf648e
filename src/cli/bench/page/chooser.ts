// Which contestants' lines are drawn: a box to tick for each, which also says how they look.

import type { Context } from "./context.js";
import { element } from "./dom.js";
import { swatch } from "./palette.js";

/**
 * @param draw makes the plots of those that are chosen
 * @returns the boxes, and below them the plots, drawn again whenever a box is ticked
 */
export function chooser(context: Context, draw: () => HTMLElement[]): HTMLElement[] {
  const plots = element("div", {}, ...draw());
  const redraw = (): void => plots.replaceChildren(...draw());
  const boxes = context.data.result.contestants.map(({ name, title }) => {
    const box = element("input", { type: "checkbox", value: name });
    box.checked = context.chosen.has(name);
    box.addEventListener("change", () => {
      if (box.checked) context.chosen.add(name);
      else context.chosen.delete(name);
      redraw();
    });
    return element("label", {}, box, swatch(context.look(name)), title);
  });
  return [element("fieldset", {}, element("legend", {}, "Show the lines of"), ...boxes), plots];
}
