// Keys that work everywhere on the page but in fields.

import { goTo, redo, setMark, undo } from "./actions.js";
import { at, mark, opened } from "./store.js";

const FIELDS = /^(INPUT|SELECT|TEXTAREA)$/;

function isField(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return element !== null && (FIELDS.test(element.tagName) || element.isContentEditable);
}

function step(event: KeyboardEvent): number {
  const { count } = opened.value!;
  if (event.altKey) return Math.max(1, Math.round(count / 20));
  return event.shiftKey ? 100 : 1;
}

/** Listens. */
export function followKeys(): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isField(event.target) || opened.value === undefined) return;
    if (event.ctrlKey || event.metaKey) return;
    switch (event.key) {
      case "ArrowRight":
        goTo(at.value + step(event));
        break;
      case "ArrowLeft":
        goTo(at.value - step(event));
        break;
      case "Home":
        goTo(0);
        break;
      case "End":
        goTo(opened.value.count);
        break;
      case "m":
        setMark(mark.value === undefined ? at.value : undefined);
        break;
      case "z":
        undo();
        break;
      case "Z":
        redo();
        break;
      case "/":
        document.getElementById("search")?.focus();
        break;
      default:
        return;
    }
    event.preventDefault();
  });
}
