// The arenas: malloc_state of each, its chain of heaps, and malloc_par.

import { formatBytes, hex } from "../model/format.js";
import type { Moment } from "../model/types.js";
import { Address } from "../parts/address.js";
import { Fields } from "../parts/fields.js";
import { Term } from "../parts/term.js";
import { moment } from "../state/store.js";

interface HeapInfo {
  readonly address: number;
  readonly size: number;
  readonly mprotectSize: number;
  readonly prev: number;
}

const SHOWN = [
  "flags",
  "top",
  "lastRemainder",
  "next",
  "attachedThreads",
  "systemMem",
  "maxSystemMem",
];

function Chain({ heaps }: { readonly heaps: readonly object[] }) {
  if (heaps.length === 0)
    return <p class="note">It lies on the break, and has no heap_info: [heap] is its memory.</p>;
  return (
    <ol class="chain heaps" aria-label="heap_info chain, the newest first">
      {(heaps as readonly HeapInfo[]).map(({ address, size, mprotectSize, prev }) => (
        <li key={address}>
          <Term name="heap">heap_info</Term> <Address value={address} /> {formatBytes(size)} used,{" "}
          {formatBytes(mprotectSize)} accessible
          {prev === 0 ? ", the first" : `, prev ${hex(prev)}`}
        </li>
      ))}
    </ol>
  );
}

function usersOf({ threads }: Moment, address: number): string {
  const users = threads.filter(({ arena }) => arena === address).map(({ number }) => number);
  if (users.length === 0) return "no thread";
  return `${users.length === 1 ? "thread" : "threads"} ${users.join(", ")}`;
}

/** The view. */
export function ArenasView() {
  const now = moment.value;
  if (now === undefined) return null;
  return (
    <div>
      <div class="cards">
        {now.arenas.map(({ address, state, heaps, segments }, i) => (
          <section key={address} class="card">
            <h3>
              {i === 0 ? (
                <Term name="arena">main_arena</Term>
              ) : (
                <Term name="arena">{`arena ${i}`}</Term>
              )}{" "}
              at <Address value={address} />
            </h3>
            <p class="note">used by {usersOf(now, address)}</p>
            <dl class="facts">
              {SHOWN.filter((name) => state[name] !== undefined).map((name) => (
                <div key={name}>
                  <dt>{name === "top" ? <Term name="top" /> : name}</dt>
                  <dd>
                    {state[name]! > 65535 && /top|Remainder|next/.test(name) ? (
                      <Address value={state[name]!} />
                    ) : (
                      state[name]!.toLocaleString("en-US")
                    )}
                  </dd>
                </div>
              ))}
              <div>
                <dt>
                  <Term name="segment">segments</Term>
                </dt>
                <dd>
                  {segments.map(({ start, end }) => `${hex(start)} to ${hex(end)}`).join(", ") ||
                    "none"}
                </dd>
              </div>
            </dl>
            <Chain heaps={heaps} />
          </section>
        ))}
      </div>
      <Fields title="malloc_par (mp_): parameters and statistics of the process" fields={now.mp} />
      <Fields title="mallinfo2" fields={now.info} />
    </div>
  );
}
