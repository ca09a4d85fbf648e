// Views that are loaded when they are wanted.

import { signal } from "@preact/signals";
import type { ComponentType } from "preact";

/** @returns a component that brings the real one */
export function later(bring: () => Promise<ComponentType>): ComponentType {
  const found = signal<ComponentType | undefined>(undefined);
  const failure = signal("");
  let isAsked = false;
  return function Later() {
    if (!isAsked) {
      isAsked = true;
      bring().then(
        (component) => (found.value = component),
        (error: unknown) => {
          isAsked = false;
          failure.value = String(error);
        },
      );
    }
    const Found = found.value;
    if (Found !== undefined) return <Found />;
    return <p class="waiting">{failure.value || "loading …"}</p>;
  };
}
