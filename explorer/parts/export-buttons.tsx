// The view as a file.

import { formatCount } from "../model/format.js";
import { engine } from "../state/client.js";
import { at, opened, problem, view } from "../state/store.js";
import { downloadBlob, downloadText, pngOf, svgOf } from "./export.js";

function shown(): HTMLElement {
  return document.querySelector<HTMLElement>("#view")!;
}

async function tried(what: () => Promise<void> | void): Promise<void> {
  try {
    await what();
  } catch (error) {
    problem.value = (error as Error).message;
  }
}

/** Buttons that give the view to the person. */
export function ExportButtons() {
  const name = `${opened.value?.title ?? "heap"}-${at.value}-${view.value}`.replace(
    /[^\w.-]+/g,
    "-",
  );
  const caption = `${opened.value?.title ?? "heap"}, after ${formatCount(at.value)} operations`;
  return (
    <p class="tools no-export">
      <button
        type="button"
        onClick={() =>
          void tried(() => downloadText(`${name}.svg`, svgOf(shown(), caption), "image/svg+xml"))
        }
      >
        this view as SVG
      </button>
      <button
        type="button"
        onClick={() =>
          void tried(async () => downloadBlob(`${name}.png`, await pngOf(shown(), caption)))
        }
      >
        as PNG
      </button>
      <button
        type="button"
        onClick={() =>
          void tried(async () => downloadText(`${name}.json`, await engine().save(at.value)))
        }
      >
        this moment as a snapshot
      </button>
    </p>
  );
}
