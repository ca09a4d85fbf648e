// Whether memory went back to the system, beside the operation and the selected chunk.

import { stateText } from "../model/states.js";
import type { Returned } from "../model/returned.js";
import { NONE } from "../model/types.js";
import { goTo } from "../state/actions.js";
import { moment } from "../state/store.js";
import { Address } from "./address.js";

/** The question with its answer, and the chunk that keeps it; nothing where it is none. */
export function Back({ found }: { readonly found: Returned | undefined }) {
  if (found === undefined) return null;
  const { text, keeper } = found;
  const { chunks } = moment.value!;
  const birth = keeper === undefined ? NONE : chunks.birth[keeper]!;
  return (
    <p class="back">
      <strong>Back to the system?</strong> {text}
      {keeper !== undefined && (
        <>
          {" "}
          <Address value={chunks.address[keeper]!} /> (
          {stateText(chunks.state[keeper]!, chunks.bin[keeper]!, chunks.thread[keeper]!)}
          {birth !== NONE && (
            <>
              , made by{" "}
              <button type="button" class="address" onClick={() => goTo(birth + 1)}>
                operation {birth}
              </button>
            </>
          )}
          ).
        </>
      )}
    </p>
  );
}
