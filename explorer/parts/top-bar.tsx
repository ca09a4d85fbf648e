// What is open, and what else can be opened; links, undo, and light or dark.

import { useSignal } from "@preact/signals";
import { GLIBC } from "../model/types.js";
import { link, open, redo, say, undo } from "../state/actions.js";
import { machine, opened, origin, traces } from "../state/store.js";
import { setTheme, theme, type Theme } from "../state/theme.js";
import { startTour, tours } from "../state/tours.js";
import { Search } from "./search.js";

/** Opens a file that was chosen or dropped. */
export async function openFile(file: File): Promise<void> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  await open({ kind: "file", name: file.name, bytes });
}

function Opener() {
  const name = origin.value.trace ?? "";
  return (
    <>
      <label>
        <span class="visually-hidden">trace</span>
        <select
          class="narrow"
          title="the trace that is open"
          value={name}
          onChange={(event) => void open({ kind: "bundled", name: event.currentTarget.value })}
        >
          {name === "" && <option value="">{opened.value?.title ?? "…"}</option>}
          {traces.value.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <label class="file">
        open a file
        <input
          type="file"
          class="visually-hidden"
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? [];
            if (file !== undefined) void openFile(file);
            event.currentTarget.value = "";
          }}
        />
      </label>
      <button
        type="button"
        onClick={() => void open({ kind: "calls", name: "a live heap", calls: [] })}
      >
        live heap
      </button>
    </>
  );
}

function MachineChoice() {
  const again = (change: object): void => {
    machine.value = { ...machine.value, ...change };
    const { trace } = origin.value;
    if (trace !== undefined) void open({ kind: "bundled", name: trace });
    else if (opened.value?.kind === "live")
      void open({ kind: "calls", name: "a live heap", calls: [] });
  };
  return (
    <>
      <label>
        <span class="visually-hidden">layout</span>
        <select
          title="layout: i386's or x86-64's"
          value={machine.value.abi}
          onChange={(event) => again({ abi: event.currentTarget.value })}
        >
          <option value="ilp32">32-bit</option>
          <option value="lp64">64-bit</option>
        </select>
      </label>
      <label>
        <span class="visually-hidden">glibc</span>
        <select
          value={machine.value.glibc}
          onChange={(event) => again({ glibc: event.currentTarget.value })}
        >
          {GLIBC.map((version) => (
            <option key={version} value={version}>
              glibc {version}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

function TourChoice() {
  if (tours.value.length === 0) return null;
  return (
    <label>
      <span class="visually-hidden">tour</span>
      <select
        class="narrow"
        value=""
        onChange={(event) => {
          void startTour(event.currentTarget.value);
          event.currentTarget.value = "";
        }}
      >
        <option value="">tours</option>
        {tours.value.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

function LinkButton() {
  const text = useSignal("copy link");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(link());
      text.value = "copied";
    } catch {
      text.value = "it is in the address bar";
    }
    say(`link: ${text.value}`);
    setTimeout(() => (text.value = "copy link"), 2000);
  };
  return (
    <button type="button" onClick={() => void copy()}>
      {text.value}
    </button>
  );
}

/** The bar. */
export function TopBar() {
  return (
    <header class="top-bar">
      <h1>Heap explorer</h1>
      <div class="tools">
        <Opener />
        <MachineChoice />
        <TourChoice />
        <Search />
        <button type="button" onClick={undo} aria-label="undo" title="undo (z)">
          ↶
        </button>
        <button type="button" onClick={redo} aria-label="redo" title="redo (shift z)">
          ↷
        </button>
        <LinkButton />
        <label>
          <span class="visually-hidden">colours of the page</span>
          <select
            value={theme.value}
            onChange={(event) => setTheme(event.currentTarget.value as Theme)}
          >
            <option value="auto">auto colours</option>
            <option value="light">light</option>
            <option value="dark">dark</option>
          </select>
        </label>
      </div>
    </header>
  );
}
