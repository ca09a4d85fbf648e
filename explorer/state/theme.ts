// Light or dark: as the system says, unless somebody says otherwise.

import { signal } from "@preact/signals";
import { paint } from "./store.js";

/** What was chosen. */
export type Theme = "auto" | "light" | "dark";

const KEY = "ptmalloc-explorer-theme";
const DARK = "(prefers-color-scheme: dark)";

function remembered(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto";
  }
}

export const theme = signal<Theme>(remembered());

/** Chooses. */
export function setTheme(next: Theme): void {
  theme.value = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A page that may keep nothing.
  }
  applyTheme();
}

/** Makes the page what was chosen. */
export function applyTheme(): void {
  const asSystem = matchMedia(DARK).matches ? "dark" : "light";
  document.documentElement.dataset.theme = theme.value === "auto" ? asSystem : theme.value;
  paint.value++;
}

/** Follows the system. */
export function followTheme(): void {
  applyTheme();
  matchMedia(DARK).addEventListener("change", applyTheme);
}

/** @returns whether things are not to move */
export function isStill(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
