// A word of the glossary, with its definition on hover and focus.

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { GLOSSARY } from "../model/glossary.js";

/** The definition that is shown, and where. */
const shown = signal<{ text: string; left: number; top: number } | undefined>(undefined);

interface Props {
  readonly name: string;
  readonly children?: ComponentChildren;
}

/** A term. Without children it shows its own name. */
export function Term({ name, children }: Props) {
  const text = GLOSSARY[name];
  if (text === undefined) return <span>{children ?? name}</span>;
  const show = (event: Event): void => {
    const { left, bottom } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    shown.value = { text, left: Math.min(left, innerWidth - 300), top: bottom + 6 };
  };
  const hide = (): void => void (shown.value = undefined);
  return (
    <dfn
      class="term"
      tabIndex={0}
      role="note"
      aria-label={`${typeof children === "string" ? children : name}: ${text}`}
      onMouseEnter={show}
      onMouseLeave={hide}
      onFocus={show}
      onBlur={hide}
      onKeyDown={(event) => event.key === "Escape" && hide()}
    >
      {children ?? name}
    </dfn>
  );
}

/** Where definitions are shown: once on the page. */
export function TermTip() {
  const now = shown.value;
  if (now === undefined) return null;
  const { text, left, top } = now;
  return (
    <div role="tooltip" class="tip" style={{ left: `${Math.max(8, left)}px`, top: `${top}px` }}>
      {text}
    </div>
  );
}
