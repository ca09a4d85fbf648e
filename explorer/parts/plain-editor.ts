// An editor that needs no library: what the npm package has in place of parts/editor.ts, which is
// larger than all else of the explorer.

/** An editor of a program. @param change told of every new text */
export function makeEditor(
  parent: HTMLElement,
  text: string,
  _isJavaScript: boolean,
  change: (text: string) => void,
): { destroy: () => void } {
  const field = document.createElement("textarea");
  field.className = "plain-editor";
  field.spellcheck = false;
  field.setAttribute("aria-label", "program");
  field.value = text;
  field.addEventListener("input", () => change(field.value));
  parent.append(field);
  return { destroy: () => field.remove() };
}
