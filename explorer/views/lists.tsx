// Bins, fast bins and tcache: every list with its chunks, in the order of the links.

import { hex } from "../model/format.js";
import type { Moment } from "../model/types.js";
import { Address } from "../parts/address.js";
import { Term } from "../parts/term.js";
import { setFilter } from "../state/actions.js";
import { filter, moment } from "../state/store.js";

/** Chunks of a list that are shown. */
const MOST_SHOWN = 40;

const KINDS = [
  ["fastbin", "Fast bins", "fast bin"],
  ["unsorted", "Unsorted bin", "bin"],
  ["smallbin", "Small bins", "bin"],
  ["largebin", "Large bins", "bin"],
] as const;

interface ListProps {
  readonly name: string;
  readonly chunks: readonly number[];
  readonly sizes: ReadonlyMap<number, number>;
  readonly onlyThese: () => void;
}

function List({ name, chunks, sizes, onlyThese }: ListProps) {
  const first = sizes.get(chunks[0]!);
  const isOfOne = chunks.every((chunk) => sizes.get(chunk) === first);
  return (
    <li class="list">
      <button
        type="button"
        class="list-name"
        onClick={onlyThese}
        title="show only these in the map"
      >
        {name}
      </button>{" "}
      <span class="note">
        {chunks.length} {chunks.length === 1 ? "chunk" : "chunks"}
        {first !== undefined && isOfOne && ` of ${hex(first)}`}
      </span>
      <ol class="chain">
        {chunks.slice(0, MOST_SHOWN).map((chunk) => (
          <li key={chunk}>
            <Address value={chunk} />
            {!isOfOne && <span class="note"> {hex(sizes.get(chunk) ?? 0)}</span>}
          </li>
        ))}
        {chunks.length > MOST_SHOWN && <li>… {chunks.length - MOST_SHOWN} more</li>}
      </ol>
    </li>
  );
}

function sizesOf({ chunks }: Moment): Map<number, number> {
  const sizes = new Map<number, number>();
  for (let i = 0; i < chunks.count; i++) sizes.set(chunks.address[i]!, chunks.size[i]!);
  return sizes;
}

function Caches({ now, sizes }: { readonly now: Moment; readonly sizes: Map<number, number> }) {
  return (
    <>
      {now.threads.map(({ number, tcache, lists }) => (
        <section key={number}>
          <h3>
            <Term name="tcache" /> of thread {number}
          </h3>
          {tcache === 0 && <p class="note">This thread has none yet: its first call makes it.</p>}
          {tcache !== 0 && lists.length === 0 && <p class="note">It is empty.</p>}
          <ul class="lists">
            {lists.map(({ bin, chunks }) => (
              <List
                key={bin}
                name={`tcache[${bin}]`}
                chunks={chunks}
                sizes={sizes}
                onlyThese={() => setFilter({ states: ["tcache"], bin, thread: number })}
              />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

/** The view. */
export function ListsView() {
  const now = moment.value;
  if (now === undefined) return null;
  const sizes = sizesOf(now);
  return (
    <div>
      <p class="note">
        Each list from its newest chunk on, as malloc would meet them. A list's name filters the map
        {filter.value.bin !== undefined && <> (now: list {filter.value.bin})</>}.
      </p>
      <Caches now={now} sizes={sizes} />
      {now.arenas.map(({ address, lists }, arena) => (
        <section key={address}>
          <h3>
            <Term name="arena" /> {arena === 0 ? "main_arena" : arena} at{" "}
            <Address value={address} />
          </h3>
          {lists.length === 0 && <p class="note">All of its lists are empty.</p>}
          {KINDS.map(([kind, title, term]) => {
            const own = lists.filter((list) => list.kind === kind);
            if (own.length === 0) return null;
            return (
              <section key={kind}>
                <h4>
                  <Term name={term}>{title}</Term>
                </h4>
                <ul class="lists">
                  {own.map(({ bin, chunks }) => (
                    <List
                      key={bin}
                      name={kind === "unsorted" ? "unsorted" : `${kind} ${bin}`}
                      chunks={chunks}
                      sizes={sizes}
                      onlyThese={() => setFilter({ states: [kind], bin, thread: undefined })}
                    />
                  ))}
                </ul>
              </section>
            );
          })}
        </section>
      ))}
    </div>
  );
}
