// A cache that drops what was used least recently: a map of strings over a ring of entries, which
// point at each other.

import { random, seed } from "./random";

class Entry {
  next: Entry | null = null;
  previous: Entry | null = null;

  constructor(
    public key: string,
    public value: Uint8Array,
  ) {}
}

class Cache {
  private entries: Map<string, Entry> = new Map<string, Entry>();
  private ring: Entry = new Entry("", new Uint8Array(0));

  constructor(private capacity: i32) {
    this.ring.next = this.ring;
    this.ring.previous = this.ring;
  }

  private unlink(entry: Entry): void {
    entry.previous!.next = entry.next;
    entry.next!.previous = entry.previous;
  }

  private linkFirst(entry: Entry): void {
    const second = this.ring.next!;
    entry.next = second;
    entry.previous = this.ring;
    second.previous = entry;
    this.ring.next = entry;
  }

  get(key: string): Uint8Array | null {
    if (!this.entries.has(key)) return null;
    const entry = this.entries.get(key);
    this.unlink(entry);
    this.linkFirst(entry);
    return entry.value;
  }

  set(key: string, value: Uint8Array): void {
    const entry = new Entry(key, value);
    this.entries.set(key, entry);
    this.linkFirst(entry);
    if (this.entries.size <= this.capacity) return;
    const last = this.ring.previous!;
    this.unlink(last);
    this.entries.delete(last.key);
  }
}

/** `requests` requests for things of up to 600 bytes. Hits, and the bytes of what was found. */
export function cache(requests: i32): i32 {
  seed(99);
  const things = new Cache(3000);
  let sum = 0;
  for (let i = 0; i < requests; i++) {
    const which = min(random(9000), random(9000));
    const key = "thing/" + which.toString();
    const found = things.get(key);
    if (found) {
      sum += 1 + found.length + found[found.length >> 1];
    } else {
      const made = new Uint8Array(8 + random(592));
      made.fill(<u8>which);
      things.set(key, made);
    }
  }
  return sum;
}
