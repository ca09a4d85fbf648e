// How a browser's page notices that a worker was ended: Worker.terminate() tells nobody. A worker
// holds a Web Lock (https://www.w3.org/TR/web-locks/) for as long as it lives, and says over a
// BroadcastChannel which; whoever watches asks for the same lock, and gets it when the worker is
// gone.

/** What each worker's message says. */
interface Arrival {
  readonly owner: number;
}

function locks(): LockManager | undefined {
  return (globalThis.navigator as Navigator | undefined)?.locks;
}

function lockName(id: string, owner: number): string {
  return `${channelName(id)} ${owner}`;
}

function channelName(id: string): string {
  return `ptmalloc-wasm ${id}`;
}

/** Whether an end can be noticed here by itself. */
export function canNoticeDeath(): boolean {
  return locks() !== undefined && typeof BroadcastChannel !== "undefined";
}

/**
 * Lets those who watch know that a thread lives, from now until it says otherwise or is gone.
 * @param id the heap's
 * @param owner the thread's in the ThreadRegistry
 * @returns when the lock is held: what ends the thread's life in order
 */
export async function beginLife(id: string, owner: number): Promise<() => void> {
  const manager = locks();
  if (manager === undefined) return () => undefined;
  let release: () => void = () => undefined;
  const life = new Promise<void>((resolve) => (release = resolve));
  await new Promise<void>((resolve, reject) => {
    const held = manager.request(lockName(id, owner), () => {
      resolve();
      return life;
    });
    held.catch(reject);
  });
  return release;
}

/** Tells those who watch the heap `id` that `owner` holds its lock. */
export function announceLife(id: string, owner: number): void {
  if (!canNoticeDeath()) return;
  const channel = new BroadcastChannel(channelName(id));
  channel.postMessage({ owner } satisfies Arrival);
  channel.close();
}

/** Watches over the threads of a heap. */
export class DeathWatch {
  readonly #channel: BroadcastChannel;
  readonly #stop = new AbortController();

  /**
   * @param id the heap's
   * @param gone called with the owner when a worker that announced itself is gone, or its life has
   *   ended in order
   */
  constructor(id: string, gone: (owner: number) => void) {
    this.#channel = new BroadcastChannel(channelName(id));
    this.#channel.onmessage = ({ data }: MessageEvent<Arrival>) => {
      const { signal } = this.#stop;
      const request = locks()?.request(lockName(id, data.owner), { signal }, () =>
        gone(data.owner),
      );
      // It fails when the watch ends.
      request?.catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    };
  }

  /** Ends the watch. */
  close(): void {
    this.#channel.close();
    this.#stop.abort();
  }
}
