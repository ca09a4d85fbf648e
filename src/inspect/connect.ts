// A live heap, shown in the explorer: what changes in it, and the calls that were made. In a page
// the messages go through a BroadcastChannel, to an explorer of the same origin; in Node.js a small
// server on this machine has them, under an address that nobody can guess.

import { nodeModule } from "../base/node.js";
import { needed } from "../base/realm.js";
import type { Process } from "../process/process.js";
import { HeapChanges } from "./heap-changes.js";
import { CallLog } from "./noted-calls.js";

/** The channel that pages use. */
export const EXPLORER_CHANNEL = "ptmalloc-wasm explorer";

/** What can be connected: a heap of `createHeap`, or anything with a process and C's functions. */
export interface Connectable {
  /** Its process. */
  readonly process: Process;
  /** Of a debug heap: the functions that guests call. */
  cFunctions?(): object;
}

/** How to connect. */
export interface ConnectOptions {
  /** What the explorer calls it. Default "a live heap". */
  readonly name?: string | undefined;
  /** In Node.js, the port; 0, the default, for any that is free. */
  readonly port?: number | undefined;
}

/**
 * A connection; while there is one, calls through the heap object are noted, and those of guest
 * modules that were linked over it: `linkGuest(bytes, connection)`.
 */
export interface ExplorerConnection {
  /**
   * What the explorer is opened with, behind its address: `?attach`, or `?attach=http://…`. In
   * Node.js it is there as soon as `ready` is.
   */
  readonly query: string;
  /** Fulfilled when an explorer can be opened. */
  readonly ready: Promise<void>;
  /** The heap's process: with it, and `cFunctions`, guests can be linked over the connection. */
  readonly process: Process;
  /** The heap's functions for a guest, which note each call: `linkGuest` asks for them. */
  cFunctions(): object;
  /** Tells the explorer of a change that no noted call made. */
  refresh(what?: string): void;
  /** Ends it: nothing is noted any more, and the heap's methods are its own again. */
  close(): void;
}

/** Changes closer than this are shown together, ms. */
const TOGETHER = 100;
/** Looking what has changed may take one part of so many of the time. */
const TIME_PARTS = 5;

/** A heap as it is shown: messages for whoever asks. */
class Shown {
  readonly id = needed("crypto").randomUUID();
  readonly log: CallLog;
  /** How long the last look took, ms. */
  duration = 0;
  readonly #changes: HeapChanges;
  readonly #name: string;
  #seen = -1;

  constructor(heap: Connectable, name: string, told: () => void) {
    this.#changes = new HeapChanges(heap.process);
    this.#name = name;
    this.log = new CallLog(heap.process, heap.cFunctions === undefined, told);
  }

  /** The state that the last message led to. */
  get state(): number {
    return this.#changes.state;
  }

  /** @param from the state that is known; others than there are, are taken for 0 */
  message(from: number): Uint8Array<ArrayBuffer> {
    if (this.#seen !== this.log.count) {
      const begin = performance.now();
      this.#seen = this.log.count;
      this.#changes.look();
      this.log.state = this.state + 1;
      this.duration = performance.now() - begin;
    }
    const known = from > 0 && from <= this.state ? from : 0;
    const calls = known === 0 ? [] : this.log.after(known);
    return this.#changes.message(this.id, this.#name, known, calls);
  }
}

/**
 * Shows a live heap in the explorer. Off it costs nothing: a heap that is not connected, and a
 * guest that is linked to the heap itself, run the same code as if this were not there.
 * @param heap what `createHeap` gave; calls are noted that go through this object, and those of
 *   guests that are linked to what is returned
 * @param options nothing is required
 * @returns how to open the explorer, and how to end the connection
 * @throws Error where there is neither Node.js nor a BroadcastChannel
 * @example
 * ```ts
 * import { createHeap } from "ptmalloc-wasm";
 * import { connectExplorer } from "ptmalloc-wasm/inspect";
 *
 * const heap = await createHeap();
 * const connection = connectExplorer(heap, { name: "mine" });
 * await connection.ready;
 * console.log(connection.query.slice(0, 7)); // ?attach
 * connection.close();
 * ```
 */
export function connectExplorer(
  heap: Connectable,
  options: ConnectOptions = {},
): ExplorerConnection {
  const { name = "a live heap", port = 0 } = options;
  const { process } = heap;
  const shown = new Shown(heap, name, () => link.changed());
  const http = nodeModule("node:http");
  const link: Link = http === undefined ? channelLink(shown) : serverLink(http, shown, port);
  const restore = shown.log.watch(heap);
  return {
    get query() {
      return link.query();
    },
    ready: link.ready,
    process,
    cFunctions: () => {
      const own = heap.cFunctions?.();
      return { ...own, ...shown.log.functions({ ...process.raw, ...own }) };
    },
    refresh: (what = "changed") => shown.log.refresh(what),
    close: () => {
      restore();
      shown.log.close();
      link.close();
    },
  };
}

/** A way to the explorer. */
interface Link {
  query(): string;
  readonly ready: Promise<void>;
  changed(): void;
  close(): void;
}

function channelLink(shown: Shown): Link {
  const Channel = needed("BroadcastChannel");
  const channel = new Channel(EXPLORER_CHANNEL);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWatched = false;
  const send = (from: number): void => {
    clearTimeout(timer);
    timer = undefined;
    channel.postMessage({ kind: "changes", bytes: shown.message(from) });
  };
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    const { kind, id, from } = (data ?? {}) as { kind?: unknown; id?: unknown; from?: unknown };
    if (kind !== "ask") return;
    isWatched = true;
    send(id === shown.id ? Number(from) : 0);
  };
  // An explorer that is open already asks then.
  channel.postMessage({ kind: "new" });
  return {
    query: () => "?attach",
    ready: Promise.resolve(),
    changed: () => {
      const wait = Math.max(TOGETHER, shown.duration * TIME_PARTS);
      if (isWatched) timer ??= setTimeout(() => send(shown.state), wait);
    },
    close: () => {
      clearTimeout(timer);
      channel.close();
    },
  };
}

type Http = NonNullable<ReturnType<typeof nodeModule<"node:http">>>;

function serverLink(http: Http, shown: Shown, port: number): Link {
  const server = http.createServer((request, response) => {
    // The page asks from another port; only who knows the address gets an answer.
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Cache-Control", "no-store");
    const [, id, what, from] = (request.url ?? "").split("/");
    if (id === shown.id && what === "version") response.end(String(shown.log.count));
    else if (id === shown.id && what === "changes") response.end(shown.message(Number(from)));
    else response.writeHead(404).end();
  });
  server.unref();
  const ready = new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const query = (): string => {
    const address = server.address();
    if (address === null || typeof address === "string") return "?attach";
    return `?attach=http://127.0.0.1:${address.port}/${shown.id}/`;
  };
  return { query, ready, changed: () => undefined, close: () => void server.close() };
}
