// What the colours of chunks mean, and which states the filter lets through.

import { STATE_NAMES, STATE_TERMS, STATES } from "../model/states.js";
import { setFilter } from "../state/actions.js";
import { colouring, filter, opened } from "../state/store.js";
import { Term } from "./term.js";

function toggled(states: readonly string[], state: string): string[] {
  return states.includes(state) ? states.filter((one) => one !== state) : [...states, state];
}

function States() {
  const chosen = filter.value.states ?? [];
  return (
    <ul class="legend" aria-label="States of chunks; a button shows only those">
      {STATES.map((state) => (
        <li key={state}>
          <button
            type="button"
            class="swatch"
            style={{ background: `var(--state-${state})` }}
            aria-pressed={chosen.includes(state)}
            aria-label={`only ${STATE_NAMES[state]}`}
            onClick={() => setFilter({ states: toggled(chosen, state) })}
          />
          <Term name={STATE_TERMS[state]}>{STATE_NAMES[state]}</Term>
        </li>
      ))}
    </ul>
  );
}

function Threads() {
  const count = Math.min(
    8,
    1 + (opened.value?.survey.thread.reduce((a, b) => Math.max(a, b), 0) ?? 0),
  );
  return (
    <ul class="legend" aria-label="Threads">
      {Array.from({ length: count }, (_, i) => (
        <li key={i}>
          <button
            type="button"
            class="swatch"
            style={{ background: `var(--thread-${i})` }}
            aria-label={`only thread ${i}`}
            aria-pressed={filter.value.thread === i}
            onClick={() => setFilter({ thread: filter.value.thread === i ? undefined : i })}
          />
          thread {i}
        </li>
      ))}
    </ul>
  );
}

/** The legend of what is coloured now. */
export function Legend() {
  if (colouring.value === "state") return <States />;
  if (colouring.value === "thread") return <Threads />;
  return <p class="note">Light: made just now. Dark: made long ago.</p>;
}
