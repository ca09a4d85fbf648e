// Begins the page.

import { render } from "preact";
import { App } from "./app.js";
import { openFile } from "./parts/top-bar.js";
import { followCursor, followLink, openPlace } from "./state/actions.js";
import { BASE } from "./state/client.js";
import { followKeys } from "./state/keys.js";
import { followTheme } from "./state/theme.js";
import { traces } from "./state/store.js";

const query = new URLSearchParams(location.search);

async function tracesThere(): Promise<string[]> {
  try {
    return (await (await fetch(new URL("traces/index.json", BASE))).json()) as string[];
  } catch {
    return ["git-log"];
  }
}

function followDrops(): void {
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (file !== undefined) void openFile(file);
  });
}

async function begin(): Promise<void> {
  followTheme();
  followKeys();
  followDrops();
  followCursor();
  render(<App isEmbedded={query.has("embed")} />, document.getElementById("app")!);
  traces.value = await tracesThere();
  await openPlace(location.hash);
  followLink();
  addEventListener("hashchange", () => void openPlace(location.hash));
}

void begin();
