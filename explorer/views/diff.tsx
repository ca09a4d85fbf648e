// What changed between the mark and the time cursor.

import { useSignal, useSignalEffect } from "@preact/signals";
import { formatCount, hex } from "../model/format.js";
import { flagText } from "../model/flags.js";
import { STATE_NAMES } from "../model/states.js";
import type { DiffView as Difference } from "../model/types.js";
import { Address } from "../parts/address.js";
import { goTo, setMark } from "../state/actions.js";
import { engine } from "../state/client.js";
import { at, mark, opened, problem } from "../state/store.js";

type Chunk = Difference["born"][number];

function Chunks({
  title,
  chunks,
  count,
}: {
  title: string;
  chunks: readonly Chunk[];
  count: number;
}) {
  return (
    <section>
      <h3>
        {title}: {formatCount(count)}
      </h3>
      <ul class="plain">
        {chunks.slice(0, 200).map(({ chunk, size, state }) => (
          <li key={chunk}>
            <Address value={chunk} /> {hex(size)} {STATE_NAMES[state]}
          </li>
        ))}
        {count > 200 && <li>… {formatCount(count - 200)} more</li>}
      </ul>
    </section>
  );
}

/** What is different in a chunk, in words. */
function changeOf(before: Chunk, after: Chunk): string {
  const said = [STATE_NAMES[before.state]];
  if (before.state !== after.state) said[0] += ` → ${STATE_NAMES[after.state]}`;
  if (before.size !== after.size) said.push(`${hex(before.size)} → ${hex(after.size)}`);
  if (before.flags !== after.flags)
    said.push(`flags ${flagText(before.flags)} → ${flagText(after.flags)}`);
  if (before.state === after.state && before.bin !== after.bin)
    said.push(`bin ${before.bin} → ${after.bin}`);
  return said.join(", ");
}

function Found({ found }: { readonly found: Difference }) {
  const { born, gone, changed, counts, numbers } = found;
  return (
    <>
      <div class="three">
        <Chunks title="New chunks" chunks={born} count={counts.born} />
        <Chunks title="Chunks gone" chunks={gone} count={counts.gone} />
        <section>
          <h3>Chunks that changed: {formatCount(counts.changed)}</h3>
          <ul class="plain">
            {changed.slice(0, 200).map(({ before, after }) => (
              <li key={after.chunk}>
                <Address value={after.chunk} /> {changeOf(before, after)}
              </li>
            ))}
          </ul>
        </section>
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Numbers that changed">
        <table>
          <caption>Numbers that changed</caption>
          <thead>
            <tr>
              <th scope="col">number</th>
              <th scope="col">at the mark</th>
              <th scope="col">now</th>
            </tr>
          </thead>
          <tbody>
            {numbers.map(({ name, before, after }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{hex(before)}</td>
                <td>{hex(after)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** The view. */
export function DiffView() {
  const found = useSignal<Difference | undefined>(undefined);
  useSignalEffect(() => {
    const [from, to] = [mark.value, at.value];
    if (from === undefined || opened.value === undefined) return;
    engine()
      .diff(Math.min(from, opened.value.count), to)
      .then(
        (difference) => (found.value = difference),
        (error: unknown) => (problem.value = String(error)),
      );
  });
  if (mark.value === undefined)
    return (
      <div>
        <p>
          A diff needs two moments: the <strong>mark</strong> and the time cursor. Put the mark
          somewhere (key m), and go on.
        </p>
        <p class="tools">
          <button type="button" onClick={() => setMark(at.value)}>
            mark this moment
          </button>
          <button type="button" onClick={() => setMark(Math.max(0, at.value - 100))}>
            mark 100 operations ago
          </button>
        </p>
      </div>
    );
  return (
    <div>
      <p>
        From{" "}
        <button type="button" class="address" onClick={() => goTo(mark.value!)}>
          the mark, {formatCount(mark.value)}
        </button>{" "}
        to {formatCount(at.value)}: chunks are new where none began before, and gone where none
        begins any more.
      </p>
      {found.value === undefined ? (
        <p class="waiting">comparing …</p>
      ) : (
        <Found found={found.value} />
      )}
    </div>
  );
}
