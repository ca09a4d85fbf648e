// The page: what is open, the time, a view, and why.

import type { ComponentType } from "preact";
import { ExportButtons } from "./parts/export-buttons.js";
import { FilterBar } from "./parts/filter-bar.js";
import { Selection } from "./parts/selection.js";
import { TermTip } from "./parts/term.js";
import { TimeBar } from "./parts/time-bar.js";
import { TourPanel } from "./parts/tour.js";
import { TopBar } from "./parts/top-bar.js";
import { Why } from "./parts/why.js";
import { show } from "./state/actions.js";
import {
  filter,
  opened,
  problem,
  spoken,
  view,
  VIEWS,
  waiting,
  type ViewName,
} from "./state/store.js";
import { isOpen } from "./model/filter.js";
import { ListsView } from "./views/lists.js";
import { MapView } from "./views/map.js";
import { later } from "./parts/later.js";

const SHOWN: Readonly<Record<ViewName, ComponentType>> = {
  map: MapView,
  lists: ListsView,
  arenas: later(async () => (await import("./views/arenas.js")).ArenasView),
  space: later(async () => (await import("./views/space.js")).SpaceView),
  kernel: later(async () => (await import("./views/kernel.js")).KernelView),
  time: later(async () => (await import("./views/time.js")).TimeView),
  sizes: later(async () => (await import("./views/sizes.js")).SizesView),
  bytes: later(async () => (await import("./views/bytes.js")).BytesView),
  checks: later(async () => (await import("./views/checks.js")).ChecksView),
  diff: later(async () => (await import("./views/diff.js")).DiffView),
  try: later(async () => (await import("./views/try.js")).TryView),
  console: later(async () => (await import("./views/console.js")).ConsoleView),
  program: later(async () => (await import("./views/program.js")).ProgramView),
};

/** The views to choose from. */
function Tabs() {
  const move = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const now = VIEWS.findIndex(([name]) => name === view.value);
    const [next] = VIEWS[(now + by + VIEWS.length) % VIEWS.length]!;
    show(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Views" onKeyDown={move}>
      {VIEWS.map(([name, title]) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-controls="view"
          aria-selected={view.value === name}
          tabIndex={view.value === name ? 0 : -1}
          onClick={() => show(name)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}

/** What is to be told: what one waits for, and what went wrong. */
function Messages() {
  return (
    <>
      <p class="visually-hidden" role="status">
        {spoken.value}
      </p>
      {waiting.value !== "" && <p class="waiting">{waiting.value} …</p>}
      {problem.value !== "" && (
        <p class="problem" role="alert">
          {problem.value}{" "}
          <button type="button" onClick={() => (problem.value = "")}>
            close
          </button>
        </p>
      )}
    </>
  );
}

function Notes() {
  const { notes, sentence } = opened.value!;
  return (
    <div class="sentence">
      <p>{sentence}</p>
      {notes.length > 0 && (
        <details>
          <summary>{notes.length} remarks on the file</summary>
          <ul>
            {notes.slice(0, 50).map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

/** All of it. @param isEmbedded whether it is a part of somebody's article */
export function App({ isEmbedded }: { readonly isEmbedded: boolean }) {
  const View = SHOWN[view.value];
  const isThere = opened.value !== undefined;
  return (
    <>
      <a class="skip" href="#view" onClick={(event) => skip(event)}>
        Skip to the view
      </a>
      {!isEmbedded && <TopBar />}
      <Messages />
      {isThere && (
        <main>
          {!isEmbedded && <Notes />}
          <TourPanel />
          <TimeBar />
          <Tabs />
          <div class="columns">
            <div class="stage">
              {!isEmbedded && isFiltered() && <FilterBar />}
              <div id="view" role="tabpanel" tabIndex={-1} aria-labelledby={`tab-${view.value}`}>
                <View />
              </div>
              {!isEmbedded && <ExportButtons />}
            </div>
            <aside aria-label="The operation and the selection">
              <Why />
              <Selection />
            </aside>
          </div>
        </main>
      )}
      <TermTip />
    </>
  );
}

/** Whether the filter is of use: in the map, and wherever one is set. */
function isFiltered(): boolean {
  return view.value === "map" || !isOpen(filter.value);
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("view")?.focus();
}
