// A heap that runs somewhere else: in another page of this origin, or in Node.js.

import { EXPLORER_CHANNEL } from "ptmalloc-wasm/inspect";
import { took } from "./actions.js";
import { engine } from "./client.js";
import * as store from "./store.js";

/** How often a server is asked whether anything has changed, ms. */
const EVERY = 500;

interface Received {
  readonly name: string;
  readonly what: string;
  readonly snapshot: string;
}

async function receive(text: string): Promise<void> {
  try {
    const { name, what, snapshot } = JSON.parse(text) as Received;
    const isAtEnd = store.at.value === (store.opened.value?.count ?? 0);
    const [at, view] = [store.at.value, store.view.value];
    const found = await engine().attached(String(name), String(snapshot), String(what));
    took(found, {
      view,
      at: isAtEnd || store.opened.value?.kind !== "attached" ? found.count : at,
    });
  } catch (error) {
    store.problem.value = `the attached heap: ${(error as Error).message}`;
  }
}

function overChannel(): void {
  const channel = new BroadcastChannel(EXPLORER_CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<{ kind?: string; text?: string } | null>) => {
    if (data?.kind === "snapshot") void receive(String(data.text));
  };
  channel.postMessage({ kind: "ask" });
}

async function overHttp(address: string): Promise<void> {
  let known = "";
  for (;;) {
    try {
      const version = await (await fetch(new URL("version", address))).text();
      if (version !== known) {
        known = version;
        await receive(await (await fetch(new URL("snapshot", address))).text());
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
