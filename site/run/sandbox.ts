// Runs somebody's code where it can do no harm: in a worker, within a frame that has an origin of
// its own, no network and no page. What runs too long is ended together with the frame.

import type { Answer } from "../runner/talk.js";

/** What a frame may do: run scripts that it was given. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; worker-src blob:";

/** The frame's script: it makes the worker, and passes messages on. */
function frameScript(): void {
  let worker: Worker | undefined;
  const tell = (message: unknown): void => parent.postMessage(message, "*");
  addEventListener("message", ({ data, source }) => {
    if (source !== parent) return;
    if (worker !== undefined) return worker.postMessage(data);
    const { script, request } = data as { script: string; request: unknown };
    const blob = new Blob([script], { type: "text/javascript" });
    worker = new Worker(URL.createObjectURL(blob));
    worker.onmessage = (event) => tell(event.data);
    worker.onerror = (event) => {
      tell({ kind: "print", text: `Uncaught ${event.message}\n` });
      tell({ kind: "done" });
    };
    worker.postMessage(request);
  });
  tell({ kind: "ready" });
}

function newFrame(): HTMLIFrameElement {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.hidden = true;
  frame.title = "where examples run";
  frame.srcdoc =
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">` +
    `<script>(${frameScript.toString()})()</script>`;
  return frame;
}

/** What to run. */
export interface Job {
  /** The worker's script. */
  readonly script: string;
  /** Its first message. */
  readonly request: unknown;
  /** Brings a file that it asks for. */
  fetchFile(name: string): Promise<ArrayBuffer | null>;
  /** Takes its output, piece by piece. */
  print(text: string): void;
  /** Milliseconds that it may take. */
  readonly limit: number;
}

/** How a job ended. */
export type End = "done" | "time";

/** Runs a job. @returns how it ended, when it has */
export function runSandboxed(job: Job): Promise<End> {
  const frame = newFrame();
  return new Promise((resolve) => {
    const finish = (end: End): void => {
      clearTimeout(timer);
      removeEventListener("message", hear);
      frame.remove();
      resolve(end);
    };
    const timer = setTimeout(() => finish("time"), job.limit);
    const tell = (message: unknown): void => frame.contentWindow?.postMessage(message, "*");
    const hear = ({ source, data }: MessageEvent<Answer | { kind: "ready" }>): void => {
      if (source !== frame.contentWindow) return;
      if (data.kind === "ready") tell({ script: job.script, request: job.request });
      else if (data.kind === "print") job.print(String(data.text));
      else if (data.kind === "done") finish("done");
      else void job.fetchFile(String(data.file)).then((bytes) => tell({ file: data.file, bytes }));
    };
    addEventListener("message", hear);
    document.body.append(frame);
  });
}
