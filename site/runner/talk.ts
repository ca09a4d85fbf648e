// How a worker of the page is asked to run something, and how it answers. One worker runs one
// thing; the page ends it, at the latest when its time is over.

/** Takes pieces of output. */
export type Printer = (text: string) => void;

/** What a worker sends. */
export type Answer =
  | { readonly kind: "print"; readonly text: string }
  | { readonly kind: "need"; readonly file: string }
  | { readonly kind: "done" };

/** What is asked of a worker after its first message, the request: a file that it needs. */
interface Delivery {
  readonly file: string;
  readonly bytes: ArrayBuffer | null;
}

const waiting = new Map<string, (bytes: ArrayBuffer | null) => void>();
const send = postMessage as (message: Answer) => void;

/** @returns a file that the page has beside its scripts; null where it has not */
export function need(file: string): Promise<ArrayBuffer | null> {
  send({ kind: "need", file });
  return new Promise((resolve) => waiting.set(file, resolve));
}

/** @param run does what is asked for; what it throws is printed */
export function answer<T>(run: (request: T, print: Printer) => Promise<void>): void {
  const print = (text: string): void => send({ kind: "print", text });
  let isFirst = true;
  addEventListener("message", ({ data }: MessageEvent<T | Delivery>) => {
    if (!isFirst) {
      const { file, bytes } = data as Delivery;
      waiting.get(file)?.(bytes);
      return;
    }
    isFirst = false;
    run(data as T, print)
      .catch((error: unknown) => print(`Uncaught ${String(error)}\n`))
      .finally(() => send({ kind: "done" }));
  });
}
