// An undo journal: in the threaded build every store of the kernel's, and of those parts of malloc
// that change something together with the kernel, notes what stood there before, as long as the
// kernel's lock is held. When a thread is killed in between, another one puts all of it back, and
// it is as if the call had not begun. tools/journal-transform.mjs puts the calls of `note` into the
// code.

import { PAGE_SIZE } from "../base/align";
import { IS_THREADED } from "../sync/tier";
import { JOURNAL_AT, JOURNAL_BYTES, mm } from "./mm";

/** What the journal begins with. */
@unmanaged
class JournalHead {
  count: u32; // words changed under the lock; beyond the entries some are missing
  reserved: u32; // 0
}

/** One word as it was. */
@unmanaged
class JournalEntry {
  address: u32; // its address, a multiple of 4
  value: u32; // its value
}

const ENTRIES: u32 = <u32>(JOURNAL_BYTES / offsetof<JournalEntry>() - 1);

/** Whether stores are noted: this thread has the kernel's lock. */
let isNoting: bool = false;

function head(): JournalHead {
  return changetype<JournalHead>(changetype<usize>(mm) + JOURNAL_AT);
}

function entryAt(index: u32): JournalEntry {
  const start = changetype<usize>(mm) + JOURNAL_AT + offsetof<JournalHead>();
  return changetype<JournalEntry>(start + <usize>index * offsetof<JournalEntry>());
}

/** From now on what was done is noted. */
export function beginJournal(): void {
  isNoting = true;
}

/** What was done is done. */
export function commitJournal(): void {
  isNoting = false;
  head().count = 0;
}

function noteWord(address: usize): void {
  const count = head().count;
  if (count < ENTRIES) {
    const entry = entryAt(count);
    entry.address = <u32>address;
    entry.value = load<u32>(address);
  }
  // Beyond the end it only says that something is missing.
  head().count = count + 1;
}

/**
 * Notes what stands where `bytes` bytes, up to 8, are about to be stored at `address` + `offset`.
 * `address`, for the store.
 * @noinline
 */
export function note(address: usize, offset: usize, bytes: u32): usize {
  if (isNoting) {
    const place = (address + offset) & ~3;
    noteWord(place);
    if (bytes == 8) noteWord(place + 4);
  }
  return address;
}

/** Notes `bytes` bytes, a multiple of 4, that are about to be filled or copied over. */
export function noteRange(address: usize, bytes: usize): void {
  if (IS_THREADED) {
    for (let offset: usize = 0; offset < bytes; offset += 4) note(address, offset, 4);
  }
}

/**
 * Puts everything back that a dead thread's call had changed. False when the journal was too short
 * for that.
 */
export function rollBack(): bool {
  const count = head().count;
  const isWhole = count <= ENTRIES;
  for (let index = min(count, ENTRIES); index > 0; index--) {
    const entry = entryAt(index - 1);
    store<u32>(entry.address, entry.value);
  }
  head().count = 0;
  return isWhole;
}

if (JOURNAL_BYTES % PAGE_SIZE != 0) ERROR("the journal has whole pages");
