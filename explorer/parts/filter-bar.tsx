// Filters by size, bin, label and lifetime; states and threads are in the legend.

import { wholeOf } from "../model/format.js";
import { isOpen } from "../model/filter.js";
import { clearFilter, setFilter } from "../state/actions.js";
import { filter, moment, passes } from "../state/store.js";

const NUMBERS = [
  ["least", "size from", "bytes"],
  ["most", "to", "bytes"],
  ["bin", "bin", "number"],
  ["thread", "thread", "number"],
  ["livesLeast", "lives from", "operations"],
  ["livesMost", "to", "operations"],
] as const;

/** The bar. */
export function FilterBar() {
  const now = moment.value;
  let count = 0;
  const test = passes.value;
  if (now !== undefined && !isOpen(filter.value))
    for (let i = 0; i < now.chunks.count; i++) if (test(i)) count++;
  return (
    <details class="filter" open={!isOpen(filter.value)}>
      <summary>Filter</summary>
      <form class="tools" onSubmit={(event) => event.preventDefault()}>
        {NUMBERS.map(([name, text, unit]) => (
          <label key={name}>
            {text}{" "}
            <input
              type="text"
              inputMode="numeric"
              class="short"
              placeholder={unit}
              value={filter.value[name] ?? ""}
              onChange={(event) => setFilter({ [name]: wholeOf(event.currentTarget.value) })}
            />
          </label>
        ))}
        <label>
          label{" "}
          <input
            type="text"
            value={filter.value.label ?? ""}
            placeholder="a part of it"
            onChange={(event) => setFilter({ label: event.currentTarget.value || undefined })}
          />
        </label>
        <button type="button" onClick={clearFilter} disabled={isOpen(filter.value)}>
          clear
        </button>
        <span class="note" role="status">
          {isOpen(filter.value) ? "all chunks" : `${count} chunks pass`}
        </span>
      </form>
    </details>
  );
}
