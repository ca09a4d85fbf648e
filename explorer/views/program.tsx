// A program in an editor: it runs on a heap of its own, and its calls can be scrubbed.

import { signal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { runProgram } from "../parts/sandbox.js";
import { open } from "../state/actions.js";
import { engine } from "../state/client.js";
import { machine, program } from "../state/store.js";

/** How long a program may run, ms. */
const LIMIT = 3000;

const EXAMPLES = {
  javascript: `// C's functions, store32(address, value), load32(address), memory[address], print(…)
const blocks = [];
for (let i = 0; i < 12; i++) blocks.push(malloc(40 + 24 * i));
for (let i = 0; i < 12; i += 2) free(blocks[i]);
write(blocks[1], "hello");
print("the next one lies at", "0x" + malloc(200).toString(16));
`,
  shell: `char *a = malloc(100);
char *b = malloc(5000);
char *c = malloc(20);
free(b);
malloc(3000);
`,
};

type Language = keyof typeof EXAMPLES;

const output = signal<readonly string[]>([]);
const isRunning = signal(false);
const language = signal<Language>("javascript");

function textNow(): string {
  const { language: of, text } = program.value;
  return of === language.value && text !== "" ? text : EXAMPLES[language.value];
}

async function runScript(text: string): Promise<void> {
  await open({ kind: "script", name: "program", text }, { view: "program" });
  output.value = ["done: the time cursor goes through its calls"];
}

async function runJavaScript(text: string): Promise<void> {
  const { abi } = machine.value;
  const wasm = await engine().binary(machine.value);
  const { calls, output: lines, failure } = await runProgram({ wasm, abi, text }, LIMIT);
  const said = [...lines, ...(failure === "" ? [] : [`ended: ${failure}`])];
  if (calls.length === 0) {
    output.value = [...said, "it made no call"];
    return;
  }
  await open({ kind: "calls", name: "program", calls }, { view: "program" });
  output.value = [...said, `${calls.length} calls: the time cursor goes through them`];
}

async function run(): Promise<void> {
  isRunning.value = true;
  output.value = [];
  try {
    await (language.value === "javascript" ? runJavaScript(textNow()) : runScript(textNow()));
  } catch (error) {
    output.value = [(error as Error).message];
  } finally {
    isRunning.value = false;
  }
}

function Editor() {
  const holder = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    const of = language.value;
    const text =
      program.peek().language === of && program.peek().text !== ""
        ? program.peek().text
        : EXAMPLES[of];
    let made: { destroy: () => void } | undefined;
    let isGone = false;
    void import("../parts/editor.js").then(({ makeEditor }) => {
      if (isGone || holder.current === null) return;
      holder.current.replaceChildren();
      made = makeEditor(holder.current, text, of === "javascript", (changed) => {
        program.value = { language: of, text: changed };
      });
    });
    return () => {
      isGone = true;
      made?.destroy();
    };
  });
  return <div class="editor" ref={holder} />;
}

/** The view. */
export function ProgramView() {
  return (
    <div>
      <p class="tools">
        <label>
          language{" "}
          <select
            value={language.value}
            onChange={(event) => (language.value = event.currentTarget.value as Language)}
          >
            <option value="javascript">JavaScript</option>
            <option value="shell">the shell's (C)</option>
          </select>
        </label>
        <button type="button" class="run" disabled={isRunning.value} onClick={() => void run()}>
          {isRunning.value ? "running …" : "run"}
        </button>
        <span class="note">
          It runs in a sandbox, for {LIMIT / 1000} s at most; calls and writes become operations.
        </span>
      </p>
      <Editor />
      <div class="output small" role="log" tabIndex={0} aria-label="What the program said">
        {output.value.map((line, i) => (
          <pre key={i}>{line}</pre>
        ))}
      </div>
    </div>
  );
}
