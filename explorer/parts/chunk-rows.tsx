// Chunks as a table: what the map shows, for who reads or hears it, some at a time.

import { useSignal } from "@preact/signals";
import { formatCount, hex } from "../model/format.js";
import { stateText } from "../model/states.js";
import { NONE } from "../model/types.js";
import { goTo } from "../state/actions.js";
import { moment, opened, passes, selectedChunk } from "../state/store.js";
import { Address } from "./address.js";

const PAGE = 50;

/** The chunks that the filter lets through. */
export function ChunkRows() {
  const page = useSignal(0);
  const isOpen = useSignal(false);
  return (
    <details class="as-table" onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>The chunks as a table</summary>
      {isOpen.value && <Rows page={page} />}
    </details>
  );
}

function Rows({ page }: { readonly page: { value: number } }) {
  const now = moment.value;
  if (now === undefined) return null;
  const { chunks } = now;
  const test = passes.value;
  const found: number[] = [];
  for (let i = 0; i < chunks.count; i++) if (test(i)) found.push(i);
  const pages = Math.max(1, Math.ceil(found.length / PAGE));
  const shown = Math.min(page.value, pages - 1);
  const { survey } = opened.value!;
  return (
    <>
      <p class="tools">
        <button type="button" disabled={shown === 0} onClick={() => (page.value = shown - 1)}>
          before
        </button>
        <span>
          page {shown + 1} of {pages}; {formatCount(found.length)} chunks
        </span>
        <button
          type="button"
          disabled={shown + 1 >= pages}
          onClick={() => (page.value = shown + 1)}
        >
          next
        </button>
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Chunks">
        <table>
          <thead>
            <tr>
              <th scope="col">chunk</th>
              <th scope="col">size</th>
              <th scope="col">what</th>
              <th scope="col">made by</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(shown * PAGE, shown * PAGE + PAGE).map((i) => {
              const birth = chunks.birth[i]!;
              return (
                <tr key={i} class={i === selectedChunk.value ? "chosen" : ""}>
                  <td>
                    <Address value={chunks.address[i]!} />
                  </td>
                  <td>{hex(chunks.size[i]!)}</td>
                  <td>{stateText(chunks.state[i]!, chunks.bin[i]!, chunks.thread[i]!)}</td>
                  <td>
                    {birth === NONE ? (
                      ""
                    ) : (
                      <button type="button" class="address" onClick={() => goTo(birth + 1)}>
                        operation {birth}
                        {survey.label[birth] ? `, ${survey.labels[survey.label[birth]]}` : ""}
                      </button>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}
