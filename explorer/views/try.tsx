// A dry run: what a call would do now, without doing it.

import { useSignal, useSignalEffect } from "@preact/signals";
import { hex } from "../model/format.js";
import type { Attempt } from "../model/types.js";
import { Address } from "../parts/address.js";
import { Linked } from "../parts/why.js";
import { engine } from "../state/client.js";
import { at, moment, opened, selected, selectedChunk, tried as text } from "../state/store.js";

function Verdict({ found }: { readonly found: Attempt }) {
  const { call, steps, result, failure } = found;
  return (
    <section aria-live="polite">
      <h3>
        <code>{call}</code> would
      </h3>
      <ol class="steps">
        {steps.map(({ text, decidedBy }, i) => (
          <li key={i}>
            <Linked text={text} /> <span class="by">{decidedBy}</span>
          </li>
        ))}
      </ol>
      {result !== undefined && <p>return {result === 0 ? "NULL" : <Address value={result} />}</p>}
      {failure !== undefined && (
        <>
          <p class="failure">
            end the process ({failure.signal}): {failure.message}, at <Address value={failure.at} />
          </p>
          <table>
            <caption>What the check looked at</caption>
            <tbody>
              {failure.values.map(({ name, value, at: place }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{typeof value === "number" ? hex(value) : String(value)}</td>
                  <td>{place === undefined ? "" : <Address value={place} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  );
}

/** The view. */
export function TryView() {
  const found = useSignal<Attempt | undefined>(undefined);
  const failure = useSignal("");
  useSignalEffect(() => {
    if (opened.value === undefined || text.value.trim() === "") return;
    engine()
      .attempt(at.value, text.value)
      .then(
        (verdict) => {
          found.value = verdict;
          failure.value = "";
        },
        (error: unknown) => {
          found.value = undefined;
          failure.value = (error as Error).message;
        },
      );
  });
  const [now, i] = [moment.value, selectedChunk.value];
  const header = opened.value?.machine.abi === "lp64" ? 16 : 8;
  const block = now !== undefined && i >= 0 ? now.chunks.address[i]! + header : selected.value;
  return (
    <div>
      <p class="tools">
        <label>
          call{" "}
          <input
            type="text"
            class="wide"
            value={text.value}
            spellcheck={false}
            onChange={(event) => (text.value = event.currentTarget.value)}
          />
        </label>
        <button type="button" onClick={() => (text.value = "malloc(100000)")}>
          malloc(100000)
        </button>
        {block !== undefined && (
          <button type="button" onClick={() => (text.value = `free(${hex(block)})`)}>
            free the selected block
          </button>
        )}
      </p>
      <p class="note">
        A copy of the process makes the call, so the verdict is that of the code itself. Nothing
        changes here.
      </p>
      {failure.value !== "" && <p class="failure">{failure.value}</p>}
      {found.value !== undefined && <Verdict found={found.value} />}
    </div>
  );
}
