// An address that can be followed.

import { hex } from "../model/format.js";
import { select } from "../state/actions.js";
import { selected } from "../state/store.js";

/** A button that selects what lies at an address. */
export function Address({ value, text }: { readonly value: number; readonly text?: string }) {
  return (
    <button
      type="button"
      class="address"
      aria-pressed={selected.value === value}
      onClick={() => select(value)}
    >
      {text ?? hex(value)}
    </button>
  );
}
