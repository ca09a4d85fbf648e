// Runs a program where it can reach nothing, and no longer than it may.

import type { RunOrder, RunReport } from "../playground/messages.js";
import type { CallText } from "../model/types.js";
import { BASE } from "../state/client.js";

/** What came of a program. */
export interface Ran {
  readonly calls: readonly CallText[];
  readonly output: readonly string[];
  /** Why it ended before its end; "" where it did not. */
  readonly failure: string;
}

/** What is kept of a program that does not stop talking. */
const MOST_CALLS = 100_000;
const MOST_LINES = 500;

function isReport(data: unknown): data is RunReport | { readonly kind: "ready" } {
  return typeof data === "object" && data !== null && "kind" in data;
}

/** A message's calls, as far as they are calls: a program may send whatever it likes. */
function callsOf(value: unknown): CallText[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: Partial<CallText> | null) => {
    const { name, args } = one ?? {};
    if (typeof name !== "string" || !Array.isArray(args)) return [];
    const texts = args.slice(0, 8).map(String);
    return texts.every((text) => /^-?\d{1,20}$/.test(text)) ? [{ name, args: texts }] : [];
  });
}

/**
 * Runs a program.
 * @param limit milliseconds, from when it begins
 */
export function runProgram(order: RunOrder, limit: number): Promise<Ran> {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.className = "sandbox";
  frame.title = "the running program";
  frame.src = new URL("sandbox.html", BASE).href;
  const calls: CallText[] = [];
  const output: string[] = [];
  return new Promise((resolve) => {
    const timer = setTimeout(
      () => end(`stopped: it ran for longer than ${limit} ms`),
      limit + 5000,
    );
    let deadline: ReturnType<typeof setTimeout> | undefined;
    const end = (failure: string): void => {
      clearTimeout(timer);
      clearTimeout(deadline);
      removeEventListener("message", onMessage);
      frame.remove();
      resolve({ calls, output, failure });
    };
    const onMessage = ({ source, data }: MessageEvent<unknown>): void => {
      if (source !== frame.contentWindow || !isReport(data)) return;
      if (data.kind === "ready") {
        frame.contentWindow!.postMessage(order, "*");
        deadline = setTimeout(() => end(`stopped: it ran for longer than ${limit} ms`), limit);
      } else if (data.kind === "calls") {
        calls.push(...callsOf(data.calls));
        if (calls.length > MOST_CALLS) end(`stopped: more than ${MOST_CALLS} calls`);
      } else if (data.kind === "output") {
        if (output.length < MOST_LINES) output.push(String(data.text).slice(0, 1000));
      } else if (data.kind === "end") end(String(data.failure));
    };
    addEventListener("message", onMessage);
    document.body.append(frame);
  });
}
