// The console: the shell's commands, and calls.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { goTo, took } from "../state/actions.js";
import { engine } from "../state/client.js";
import { at, opened, view } from "../state/store.js";

interface Said {
  readonly text: string;
  readonly kind: "typed" | "answer" | "error";
}

const said = signal<readonly Said[]>([
  { text: "help lists the commands; calls are written as in C: p = malloc(24)", kind: "answer" },
]);
const typed: string[] = [];
const MOST_LINES = 3000;

function add(...lines: readonly Said[]): void {
  said.value = [...said.value, ...lines].slice(-MOST_LINES);
}

/** Does a line. */
async function run(text: string, width: number): Promise<void> {
  if (text.trim() === "") return;
  typed.push(text);
  add({ text: `> ${text}`, kind: "typed" });
  const reply = await engine().line(at.value, text, width);
  add(
    ...reply.lines.map((line): Said => ({ text: line, kind: reply.isError ? "error" : "answer" })),
  );
  if (reply.opened !== undefined) {
    took(reply.opened, { view: view.value, ...(reply.at !== undefined && { at: reply.at }) });
  } else if (reply.at !== undefined) goTo(reply.at);
}

/** Columns that the output has room for. */
function columnsOf(element: HTMLElement | null): number {
  const line = element?.querySelector("pre");
  const context = document.createElement("canvas").getContext("2d");
  if (line === undefined || line === null || context === null) return 80;
  context.font = getComputedStyle(line).font;
  return Math.max(40, Math.floor(line.clientWidth / context.measureText("0").width));
}

/** The view. */
export function ConsoleView() {
  const output = useRef<HTMLDivElement>(null);
  const recalled = useRef(0);
  useEffect(() => {
    output.current?.scrollTo(0, output.current.scrollHeight);
  }, [said.value]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const field = event.currentTarget as HTMLInputElement;
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    recalled.current += event.key === "ArrowUp" ? 1 : -1;
    recalled.current = Math.min(Math.max(0, recalled.current), typed.length);
    field.value = typed[typed.length - recalled.current] ?? "";
  };
  return (
    <div class="console">
      <div class="output" ref={output} role="log" tabIndex={0} aria-label="Output">
        {said.value.map(({ text, kind }, i) => (
          <pre key={i} class={kind}>
            {text === "" ? " " : text}
          </pre>
        ))}
      </div>
      <form
        class="tools"
        onSubmit={(event) => {
          event.preventDefault();
          const field = event.currentTarget.elements.namedItem("line") as HTMLInputElement;
          recalled.current = 0;
          void run(field.value, columnsOf(output.current));
          field.value = "";
        }}
      >
        <label class="grow">
          <span class="visually-hidden">A line for {opened.value?.title}</span>
          <input
            type="text"
            name="line"
            class="grow"
            spellcheck={false}
            autocomplete="off"
            placeholder="bins, vis, p = malloc(24), undo, help"
            onKeyDown={onKeyDown}
          />
        </label>
        <button type="submit">run</button>
      </form>
    </div>
  );
}
