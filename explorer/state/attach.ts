// A heap that runs somewhere else: in another page of this origin, or in Node.js.

import { transfer } from "comlink";
import { EXPLORER_CHANNEL } from "ptmalloc-wasm/inspect";
import { took } from "./actions.js";
import { engine } from "./client.js";
import * as store from "./store.js";

/** How often a server is asked whether anything has changed, ms. */
const EVERY = 500;

/** What is known of the heap: its connection, and which of its states; 0 for none. */
let known = { id: "", state: 0 };

async function receive(message: Uint8Array): Promise<void> {
  try {
    const before = store.opened.value;
    const found = await engine().attached(transfer(message, [message.buffer as ArrayBuffer]));
    known = { id: found.id, state: found.known };
    const { opened } = found;
    if (opened === undefined) return;
    const [at, view] = [store.at.value, store.view.value];
    const isAtEnd = before?.kind !== "attached" || at >= before.count;
    took(opened, { view, at: isAtEnd ? opened.count : Math.min(at, opened.count) });
  } catch (error) {
    store.problem.value = `the attached heap: ${(error as Error).message}`;
  }
}

function overChannel(): void {
  const channel = new BroadcastChannel(EXPLORER_CHANNEL);
  const ask = (): void => channel.postMessage({ kind: "ask", id: known.id, from: known.state });
  let last = Promise.resolve();
  channel.onmessage = ({ data }: MessageEvent<{ kind?: string; bytes?: unknown } | null>) => {
    if (data?.kind === undefined || data.kind === "ask") return;
    if (data.kind === "new") {
      ask();
      return;
    }
    const message = data.bytes instanceof Uint8Array ? data.bytes : new Uint8Array();
    // One after the other: each goes on from the one before.
    last = last.then(async () => {
      const isKnown = known.state > 0;
      await receive(message);
      if (isKnown && known.state === 0) ask();
    });
  };
  ask();
}

async function overHttp(address: string): Promise<void> {
  let version = "";
  for (;;) {
    try {
      const now = await (await fetch(new URL("version", address))).text();
      if (now !== version || known.state === 0) {
        version = now;
        const answer = await fetch(new URL(`changes/${known.state}`, address));
        await receive(new Uint8Array(await answer.arrayBuffer()));
      }
    } catch {
      store.problem.value = `the heap at ${new URL(address).host} answers no more`;
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
}

/**
 * Attaches to a heap.
 * @param target "" for one in a page of this origin; else the address of a server on this machine
 */
export function attach(target: string): void {
  if (target === "") overChannel();
  else if (/^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?\//.test(target))
    void overHttp(target);
  else store.problem.value = "attach: only heaps on this machine can be looked at";
}
