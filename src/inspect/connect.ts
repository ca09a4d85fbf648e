// A live heap, shown in the explorer: its snapshots, and the calls that were made in between. In a
// page they go through a BroadcastChannel, to an explorer of the same origin; in Node.js a small
// server on this machine has them, under an address that nobody can guess.

import { nodeModule } from "../base/node.js";
import { needed } from "../base/realm.js";
import type { Process } from "../process/process.js";
import { takeCheckpoint } from "./checkpoint.js";
import { HeapView } from "./chunks.js";
import { snapshotText } from "./snapshot.js";

/** The channel that pages use. */
export const EXPLORER_CHANNEL = "ptmalloc-wasm explorer";

/** What can be connected: a heap of `createHeap`, or anything with a process and C's functions. */
export interface Connectable {
  /** Its process. */
  readonly process: Process;
}

/** How to connect. */
export interface ConnectOptions {
  /** What the explorer calls it. Default "a live heap". */
  readonly name?: string | undefined;
  /** In Node.js, the port; 0, the default, for any that is free. */
  readonly port?: number | undefined;
}

/** A connection; while there is one, calls through the heap object are noted. */
export interface ExplorerConnection {
  /**
   * What the explorer is opened with, behind its address: `?attach`, or `?attach=http://…`. In
   * Node.js it is there as soon as `ready` is.
   */
  readonly query: string;
  /** Fulfilled when an explorer can be opened. */
  readonly ready: Promise<void>;
  /** Tells the explorer of a change that no call through the heap object made. */
  refresh(what?: string): void;
  /** Ends it: nothing is noted any more, and the heap's methods are its own again. */
  close(): void;
}

/** Methods that are noted. */
const NOTED = ["malloc", "calloc", "realloc", "reallocarray", "free", "memalign"] as const;
const MOST_NOTED = 200;
/** Changes closer than this are shown together, ms. */
const TOGETHER = 100;

/** What was done since somebody looked. */
class Notes {
  #texts: string[] = [];
  version = 0;

  add(text: string): void {
    this.version++;
    this.#texts.push(text);
    if (this.#texts.length > MOST_NOTED) this.#texts.shift();
  }

  take(): string {
    const text = this.#texts.join("; ");
    this.#texts = [];
    return text === "" ? "looked at" : text;
  }
}

/** Puts methods before the heap's own that note each call. @returns what takes them away */
function noting(heap: object, told: (text: string) => void): () => void {
  const methods = heap as Record<string, ((...args: unknown[]) => unknown) | undefined>;
  for (const name of NOTED) {
    const own = methods[name];
    if (typeof own !== "function") continue;
    const noted = (...args: unknown[]): unknown => {
      const result = own.apply(heap, args);
      told(`${name}(${args.map(String).join(", ")})${name === "free" ? "" : ` = ${show(result)}`}`);
      return result;
    };
    Object.defineProperty(heap, name, { value: noted, configurable: true });
  }
  return () => {
    for (const name of NOTED) delete methods[name];
  };
}

function show(value: unknown): string {
  return typeof value === "number" ? `0x${value.toString(16)}` : String(value);
}

function textOf({ process }: Connectable, name: string): string {
  const view = new HeapView(process);
  return [...snapshotText(view, name, takeCheckpoint([process]))].join("");
}

/**
 * Shows a live heap in the explorer. Off it costs nothing: a heap that is not connected runs the
 * same code as if this were not there.
 * @param heap what `createHeap` gave; calls are noted that go through this object
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
  const notes = new Notes();
  const answer = () => JSON.stringify({ name, what: notes.take(), snapshot: textOf(heap, name) });
  const http = nodeModule("node:http");
  const link =
    http === undefined ? channelLink(answer) : serverLink(http, answer, () => notes.version, port);
  const told = (text: string): void => {
    notes.add(text);
    link.changed();
  };
  const restore = noting(heap, told);
  return {
    get query() {
      return link.query();
    },
    ready: link.ready,
    refresh: (what = "changed") => told(what),
    close: () => {
      restore();
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

function channelLink(answer: () => string): Link {
  const Channel = needed("BroadcastChannel");
  const channel = new Channel(EXPLORER_CHANNEL);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWatched = false;
  const send = (): void => {
    timer = undefined;
    channel.postMessage({ kind: "snapshot", text: answer() });
  };
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if ((data as { kind?: unknown } | null)?.kind !== "ask") return;
    isWatched = true;
    send();
  };
  return {
    query: () => "?attach",
    ready: Promise.resolve(),
    changed: () => {
      if (isWatched) timer ??= setTimeout(send, TOGETHER);
    },
    close: () => {
      clearTimeout(timer);
      channel.close();
    },
  };
}

type Http = NonNullable<ReturnType<typeof nodeModule<"node:http">>>;

function serverLink(http: Http, answer: () => string, version: () => number, port: number): Link {
  const secret = needed("crypto").randomUUID();
  const server = http.createServer((request, response) => {
    // The page asks from another port; only who knows the address gets an answer.
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Cache-Control", "no-store");
    const isVersion = request.url === `/${secret}/version`;
    if (!isVersion && request.url !== `/${secret}/snapshot`) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader("Content-Type", "application/json");
    response.end(isVersion ? String(version()) : answer());
  });
  server.unref();
  const ready = new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const query = (): string => {
    const address = server.address();
    if (address === null || typeof address === "string") return "?attach";
    return `?attach=http://127.0.0.1:${address.port}/${secret}/`;
  };
  return { query, ready, changed: () => undefined, close: () => void server.close() };
}
