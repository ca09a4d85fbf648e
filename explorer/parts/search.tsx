// Search: an address, an operation, a size or a label.

import { batch } from "@preact/signals";
import { hex, wholeOf } from "../model/format.js";
import { goTo, say, select, setFilter } from "../state/actions.js";
import { at, moment, opened, problem } from "../state/store.js";

/** @returns the operation after the cursor whose label or name has a text; -1 for none */
function operationWith(text: string): number {
  const { survey } = opened.value!;
  const wanted = text.toLowerCase();
  const labels = survey.labels.map((label) => label.toLowerCase().includes(wanted));
  const kinds = survey.kinds.map((kind) => kind === wanted);
  for (let i = 0; i < survey.count; i++) {
    const index = (at.value + i) % survey.count;
    if (labels[survey.label[index]!] || kinds[survey.kind[index]!]) return index;
  }
  return -1;
}

/** Finds what a text means. @returns what was found, for people; undefined for nothing */
export function find(text: string): string | undefined {
  const what = opened.value;
  if (what === undefined) return undefined;
  const operation = /^(?:@|op(?:eration)?\s*)(\d+)$/i.exec(text)?.[1];
  if (operation !== undefined && Number(operation) < what.count) {
    goTo(Number(operation) + 1);
    return `operation ${operation}`;
  }
  const size = /^size\s*[=:]?\s*(\S+)$/i.exec(text)?.[1];
  const bytes = size === undefined ? undefined : wholeOf(size);
  if (bytes !== undefined) {
    setFilter({ least: bytes, most: bytes });
    return `chunks of ${hex(bytes)} bytes`;
  }
  const address = wholeOf(text);
  if (address !== undefined) {
    select(address);
    return `address ${hex(address)}`;
  }
  const found = text === "" ? -1 : operationWith(text);
  if (found < 0) return undefined;
  batch(() => {
    goTo(found + 1);
    const block = what.survey.address[found]!;
    if (block !== 0) select(block);
  });
  return `operation ${found}`;
}

/** The field. */
export function Search() {
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const field = event.currentTarget.elements.namedItem("what") as HTMLInputElement;
        const text = field.value.trim();
        const found = find(text);
        problem.value = found === undefined ? `nothing found for "${text}"` : "";
        if (found !== undefined) say(`found: ${found}`);
      }}
    >
      <input
        type="search"
        name="what"
        id="search"
        class="search"
        aria-label="Search: 0x address, @operation, size N, or a part of a label"
        title="an address 0x…, @operation, size 48, or a part of a label"
        placeholder="0x…, @operation"
        disabled={moment.value === undefined}
      />
    </form>
  );
}
