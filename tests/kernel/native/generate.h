// generate.h: the next step of a random sequence, drawn with the window's regions in view, so that
// most calls succeed and each kind of refusal is met.
#ifndef GENERATE_H
#define GENERATE_H
#include "call.h"

typedef enum { K_MAPPING, K_LOCK, K_BREAK, K_LIMIT, K_COUNT, K_TOUCH, K_SEAL, K_POLICY, K_REMAP, SEQUENCE_KINDS } SequenceKind;

static const char *const KIND_NAMES[SEQUENCE_KINDS] = {"mapping", "lock", "break", "limit", "count", "touch", "seal", "policy", "remap"};

// How often each call comes, by kind of sequence, in the order of CallKind.
static const unsigned char WEIGHTS[SEQUENCE_KINDS][CALL_KINDS] = {
    //             mmap munmap mremap mprot madv msync mincore mlock mlock2 munlock lockall
    //             unlockall brk setrl getrl read write mseal mbind remap
    [K_MAPPING] = {30, 10, 18, 14, 12, 3, 3, 1, 1, 1, 0, 0, 0, 0, 0, 3, 6},
    [K_LOCK] = {24, 6, 10, 9, 6, 6, 2, 14, 9, 9, 9, 4, 0, 7, 2, 2, 4},
    [K_BREAK] = {10, 6, 6, 7, 5, 1, 2, 2, 1, 2, 1, 1, 38, 3, 1, 4, 8},
    [K_LIMIT] = {26, 7, 14, 14, 2, 0, 0, 0, 0, 0, 0, 0, 0, 22, 8, 1, 4},
    [K_COUNT] = {24, 24, 12, 22, 16, 0, 0, 8, 3, 4, 0, 0, 0, 0, 0, 1, 3},
    [K_TOUCH] = {18, 6, 18, 7, 14, 1, 10, 1, 1, 1, 0, 0, 0, 0, 0, 14, 22},
    [K_SEAL] = {28, 9, 14, 12, 18, 0, 0, 3, 2, 1, 1, 1, 0, 0, 0, 3, 8, 7},
    [K_POLICY] = {24, 6, 12, 8, 6, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 2, 10, 0, 26},
    [K_REMAP] = {26, 5, 8, 8, 8, 0, 2, 3, 1, 2, 1, 1, 0, 0, 0, 4, 10, 0, 0, 26},
};

static uint64_t random_state;

// splitmix64
static uint64_t random_bits(void) {
  uint64_t z = random_state += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

static long from_to(long low, long high) { return low + (long)(random_bits() % (uint64_t)(high - low + 1)); }
static int chance(int percent) { return from_to(0, 99) < percent; }

#define PICK(...)                                            \
  ({                                                         \
    static const long choices_[] = {__VA_ARGS__};            \
    choices_[from_to(0, sizeof choices_ / sizeof *choices_ - 1)]; \
  })

typedef struct {
  long start, pages;
} Range;

static const Snapshot *seen;
static int keeps_lock;  // the process has CAP_IPC_LOCK

// The pages behind `start` up to the end of the window.
static long room_after(long start) { return WINDOW_PAGES - start; }

static Range any_range(void) {
  long start = from_to(0, WINDOW_PAGES - 1);
  long most = room_after(start);
  return (Range){start, from_to(1, most < 10 ? most : 10)};
}

// Part of one region: all of it, its front, its end or its middle.
static Range inside(const Vma *v) {
  long from = chance(50) ? 0 : from_to(0, v->pages - 1);
  long to = chance(50) ? v->pages : from_to(from + 1, v->pages);
  return (Range){v->start + from, to - from};
}

static const Vma *any_region(void) { return seen->count ? &seen->vma[from_to(0, seen->count - 1)] : NULL; }

// Mapped pages, sometimes over several neighbouring regions.
static Range mapped_range(void) {
  const Vma *v = any_region();
  if (!v) return any_range();
  Range r = inside(v);
  while (r.start + r.pages == v->start + v->pages && v + 1 < seen->vma + seen->count &&
         v[1].start == v->start + v->pages && chance(40)) {
    v++;
    r.pages += from_to(1, v->pages);
  }
  return r;
}

// The middle of a region, so that a change there makes three of it; the whole window if none is
// large enough.
static Range splitting_range(void) {
  for (int tries = 0; tries < 20; tries++) {
    const Vma *v = any_region();
    if (v && v->pages > 2) return (Range){v->start + from_to(1, v->pages - 2), 1};
  }
  return mapped_range();
}

// What most calls of a kind are about.
static Range usual_range(SequenceKind kind) {
  if (kind == K_COUNT && chance(60)) return splitting_range();
  return chance(85) ? mapped_range() : any_range();
}

static int is_free(Range r) {
  for (long page = r.start; page < r.start + r.pages; page++)
    if (seen->at[page] >= 0) return 0;
  return 1;
}

static Range free_range(void) {
  for (int tries = 0; tries < 30; tries++) {
    Range r = any_range();
    if (is_free(r)) return r;
  }
  return any_range();
}

static int any_shared(Range r) {
  for (long page = r.start; page < r.start + r.pages && page < WINDOW_PAGES; page++)
    if (seen->at[page] >= 0 && seen->vma[(int)seen->at[page]].shared) return 1;
  return 0;
}

static Argument page_at(long page) { return in_window(page * (long)PAGE); }

// A length of that many pages, now and then not a whole number of them.
static Argument bytes_of(long pages) {
  long bytes = pages * (long)PAGE;
  return plain(chance(15) && bytes ? bytes - from_to(1, (long)PAGE - 1) : bytes);
}

// A length so large that no call can want it: over the end of the address space, or wrapping when
// it is rounded up.
static Argument absurd_length(void) { return chance(50) ? complement(from_to(0, 3000)) : from_end(PICK(0, 1, 4096, 65536)); }

static long some_protection(void) { return PICK(0, 1, 3, 3, 3, 3, 5, 7, 4, 2); }

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 8
#endif
#define ANONYMOUS_FIXED (MAP_ANONYMOUS | MAP_FIXED)

static long harmless_flags(void) {
  return chance(35) ? PICK(MAP_NORESERVE, MAP_NORESERVE, MAP_NORESERVE, MAP_POPULATE, MAP_POPULATE, MAP_STACK, MAP_DENYWRITE,
                           MAP_EXECUTABLE, MAP_NONBLOCK, 0x200000, MAP_GROWSDOWN) : 0;
}

static Call bad_mmap(void) {
  Range r = any_range();
  Argument at = page_at(r.start), none = complement(0);
  Call c = {C_MMAP, {at, bytes_of(r.pages), plain(3), plain(MAP_PRIVATE | ANONYMOUS_FIXED), none, plain(0)}};
  Range taken = mapped_range();
  switch (from_to(0, 14)) {
    case 0: c.a[1] = plain(0); break;
    case 1: c.a[1] = absurd_length(); break;
    case 2: c.a[3] = plain(ANONYMOUS_FIXED); break;
    case 3: c.a[3] = plain(MAP_SHARED_VALIDATE | ANONYMOUS_FIXED); break;
    case 4: c.a[3] = plain(MAP_SHARED | MAP_GROWSDOWN | ANONYMOUS_FIXED); break;
    case 5: c.a[0] = in_window(r.start * (long)PAGE + from_to(1, 4095)); break;
    case 6: c.a[0] = from_end(PICK(0, 4096, -4096)), c.a[1] = plain(2 * PAGE); break;
    case 7: c.a[0] = plain(0); break;
    case 8: case 9: case 10:
      c.a[0] = page_at(taken.start), c.a[1] = bytes_of(taken.pages);
      c.a[3] = plain(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | (chance(30) ? MAP_FIXED : 0));
      break;
    case 11: case 12: c.a[3] = plain(MAP_PRIVATE | MAP_FIXED), c.a[4] = chance(50) ? none : plain(99); break;
    case 13: c.a[5] = plain(from_to(1, 4095)); break;
    default: c.a[1] = complement(from_to(0, 4095)), c.a[3] = plain(MAP_PRIVATE | MAP_ANONYMOUS); break;
  }
  return c;
}

static Call make_mmap(SequenceKind kind) {
  if (chance(kind == K_LIMIT || kind == K_COUNT ? 4 : 16)) return bad_mmap();
  int locked = (kind == K_LOCK && chance(40)) || (kind != K_TOUCH && chance(2));
  long flags = MAP_ANONYMOUS | (chance(kind == K_REMAP ? 75 : 20) && kind != K_COUNT ? MAP_SHARED : MAP_PRIVATE) | harmless_flags() | (locked ? MAP_LOCKED : 0);
  if (kind == K_SEAL && chance(25)) flags = (flags & ~(long)MAP_TYPE) | MAP_DROPPABLE;
  Range r = chance(60) ? free_range() : any_range();
  Argument at = page_at(r.start), pages = bytes_of(r.pages);
  long prot = some_protection();
  switch (from_to(0, 11)) {
    case 0: return (Call){C_MMAP, {plain(0), pages, plain(prot), plain(flags | (chance(20) ? MAP_32BIT : 0)), complement(0), plain(0)}};
    case 1: case 2: at.value += chance(50) ? from_to(0, 4095) : 0; break;  // only a hint
    case 3: case 4: r = free_range(), at = page_at(r.start), pages = bytes_of(r.pages), flags |= MAP_FIXED_NOREPLACE; break;
    default: flags |= MAP_FIXED;
  }
  return (Call){C_MMAP, {at, pages, plain(prot), plain(flags), complement(0), plain(chance(5) ? 8 * PAGE : 0)}};
}

// A sealed region that the program cannot write to, NULL for none.
static const Vma *any_sealed(void) {
  for (int tries = 0; tries < 10; tries++) {
    const Vma *v = any_region();
    if (v && !v->write && !v->shared && strstr(v->flags, "sl")) return v;
  }
  return NULL;
}

static Call make_munmap(SequenceKind kind) {
  Range r = usual_range(kind);
  const Vma *sealed = kind == K_SEAL && chance(20) ? any_sealed() : NULL;
  if (sealed) r.start = sealed->start, r.pages = sealed->pages;
  Call c = {C_MUNMAP, {page_at(r.start), bytes_of(r.pages)}};
  if (!chance(12)) return c;
  switch (from_to(0, 3)) {
    case 0: c.a[1] = plain(0); break;
    case 1: c.a[0].value += from_to(1, 4095); break;
    case 2: c.a[1] = absurd_length(); break;
    default: c.a[0] = from_end(PICK(4096, 0x100000)); break;
  }
  return c;
}

// Whether pages [from, from + count) of a shared mapping's file, those behind its end apart, are
// mapped at another distance from their place in the file than `distance` pages: the replay cannot
// have them twice. Mappings of the file are all in the window.
static int is_mapped_elsewhere(unsigned long inode, long from, long count, long distance) {
  long end = inode_pages[inode_ordinal(inode)];
  if (from + count < end) end = from + count;
  for (const Vma *v = seen->vma; v < seen->vma + seen->count; v++) {
    if (!v->shared || v->inode != inode || v->start - v->pgoff == distance) continue;
    if (v->pgoff < end && v->pgoff + v->pages > from) return 1;
  }
  return 0;
}

// Stands for a place in the window that no mapping has: all that is mapped counts.
#define NOWHERE (1l << 40)

// A new length that stays in the window if the region can grow in place, and no growth of shared
// memory by pages that are mapped already.
static long new_pages_of(Range r) {
  long most = room_after(r.start), wanted = chance(35) ? r.pages + from_to(1, 8) : from_to(1, r.pages);
  if (wanted > r.pages && any_shared(r)) {
    const Vma *v = &seen->vma[(int)seen->at[r.start]];
    long behind = v->pgoff + r.start - v->start + r.pages;
    if (!v->shared || is_mapped_elsewhere(v->inode, behind, wanted - r.pages, NOWHERE)) wanted = r.pages;
  }
  return wanted < most ? wanted : most;
}

static Call bad_mremap(void) {
  Range r = mapped_range(), to = any_range();
  Argument at = page_at(r.start), length = bytes_of(r.pages), destination = page_at(to.start);
  Call c = {C_MREMAP, {at, length, length, plain(MREMAP_MAYMOVE), plain(0)}};
  switch (from_to(0, 10)) {
    case 0: c.a[0].value += from_to(1, 4095); break;
    case 1: c.a[2] = plain(0); break;
    case 2: c.a[3] = plain(PICK(8, 16, 9)); break;
    case 3: c.a[3] = plain(PICK(2, 4)), c.a[4] = destination; break;
    case 4: c.a[3] = plain(3), c.a[4] = in_window(destination.value + from_to(1, 4095)); break;
    case 5: c.a[3] = plain(3), c.a[4] = page_at(from_to(r.start, r.start + r.pages - 1)); break;
    case 6:
      if (any_shared(r)) return c;
      c.a[3] = plain(5), c.a[2] = plain(((long)r.pages + 1) * (long)PAGE);
      break;
    case 7: c.a[2] = absurd_length(), c.a[3] = plain(PICK(0, 1)); break;
    case 8:
      if (any_shared(r)) return c;
      c.a[1] = plain(0), c.a[2] = plain(PAGE);
      break;
    default: to = free_range(), c.a[0] = page_at(to.start), c.a[1] = c.a[2] = bytes_of(to.pages); break;
  }
  return c;
}

// The first page of the window that is mapped but behind the end of its shared mapping's file, -1
// for none.
static long beyond_file(void) {
  for (int i = 0; i < seen->count; i++) {
    const Vma *v = &seen->vma[i];
    long held = v->shared ? inode_pages[inode_ordinal(v->inode)] - v->pgoff : v->pages;
    if (held < v->pages) return v->start + (held < 0 ? 0 : held);
  }
  return -1;
}

// Growth of a region that is locked (over the limit, often), or of a shared one over the end of its
// file.
static Call grow_special(int want_locked) {
  for (int i = 0; i < seen->count; i++) {
    const Vma *v = &seen->vma[i];
    if (want_locked ? !v->locked || v->shared : !v->shared) continue;
    if (!want_locked && v->pgoff + v->pages < inode_pages[inode_ordinal(v->inode)]) continue;
    long pages = v->pages + from_to(1, want_locked ? 12 : 3), most = room_after(v->start);
    Argument now = plain(v->pages * (long)PAGE), then = plain((pages < most ? pages : most) * (long)PAGE);
    return (Call){C_MREMAP, {page_at(v->start), now, then, plain(PICK(0, 1)), plain(0)}};
  }
  return bad_mremap();
}

static Call make_mremap(SequenceKind kind) {
  if (kind == K_LOCK && chance(35)) return grow_special(1);
  if (kind == K_TOUCH && chance(25)) return grow_special(0);
  if (chance(18)) return bad_mremap();
  const Vma *v = any_region();
  Range r = v && chance(85) ? inside(v) : mapped_range();
  // Growing needs the region's end.
  if (v && chance(30)) r.pages = v->start + v->pages - r.start > 0 && r.start >= v->start ? v->start + v->pages - r.start : r.pages;
  Argument at = page_at(r.start), length = plain(r.pages * (long)PAGE);
  Range to = chance(60) ? free_range() : any_range();
  long pages = new_pages_of(r);
  if (chance(25)) return (Call){C_MREMAP, {at, length, bytes_of(pages), plain(0), plain(0)}};
  if (chance(20)) return (Call){C_MREMAP, {at, length, bytes_of(pages), plain(MREMAP_MAYMOVE), plain(0)}};
  int leave = chance(20) && !any_shared(r);
  if (leave && chance(15)) return (Call){C_MREMAP, {at, length, length, plain(5), plain(0)}};
  if (leave || chance(60)) pages = r.pages;
  if (pages > room_after(to.start)) to.start = WINDOW_PAGES - pages;
  return (Call){C_MREMAP, {at, length, plain(pages * (long)PAGE), plain(leave ? 7 : 3), page_at(to.start)}};
}

static Call make_mprotect(SequenceKind kind) {
  Range r = usual_range(kind);
  Call c = {C_MPROTECT, {page_at(r.start), bytes_of(r.pages), plain(some_protection())}};
  if (!chance(12)) return c;
  switch (from_to(0, 4)) {
    case 0: c.a[0].value += from_to(1, 4095); break;
    case 1: c.a[1] = plain(0); break;
    case 2: c.a[2] = plain(PICK(0x3000000, 0x1000003, 0x13, 0x40)); break;
    case 3: c.a[1] = complement(from_to(0, 4095)); break;
    default: r = free_range(), c.a[0] = page_at(r.start); break;
  }
  return c;
}

static Call make_madvise(SequenceKind kind) {
  const Vma *sealed = kind == K_SEAL && chance(50) ? any_sealed() : NULL;
  if (sealed) {
    Range r = inside(sealed);
    return (Call){C_MADVISE, {page_at(r.start), bytes_of(r.pages), plain(PICK(4, 8, 9, 10, 18, 24, 102, 20, 11))}};
  }
  Range r = usual_range(kind);
  long advice = PICK(0, 1, 2, 3, 4, 4, 4, 8, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 17, 18, 19, 20, 22, 23, 24, 102, 102, 103);
  Call c = {C_MADVISE, {page_at(r.start), bytes_of(r.pages), plain(advice)}};
  if (kind == K_COUNT && chance(70)) c.a[2] = plain(PICK(1, 2, 10, 16, 18));
  long page = beyond_file();
  if (page >= 0 && chance(40)) return (Call){C_MADVISE, {page_at(page), plain(PAGE), plain(PICK(22, 23))}};
  if (!chance(10)) return c;
  switch (from_to(0, 3)) {
    case 0: c.a[0].value += from_to(1, 4095); break;
    case 1: c.a[1] = plain(0); break;
    case 2: c.a[2] = plain(PICK(5, 7, 26, 99, 200)); break;
    default: c.a[1] = complement(from_to(0, 4095)); break;
  }
  return c;
}

static Call make_msync(void) {
  const Vma *locked = NULL;
  for (int i = 0; i < seen->count; i++)
    if (seen->vma[i].locked) locked = &seen->vma[i];
  Range r = chance(85) ? mapped_range() : any_range();
  Call c = {C_MSYNC, {page_at(r.start), bytes_of(r.pages), plain(PICK(0, 1, 2, 4, 6))}};
  if (locked && chance(30)) return (Call){C_MSYNC, {page_at(locked->start), bytes_of(locked->pages), plain(PICK(2, 3, 6))}};
  if (!chance(20)) return c;
  switch (from_to(0, 3)) {
    case 0: c.a[0].value += from_to(1, 4095); break;
    case 1: c.a[1] = plain(0); break;
    case 2: c.a[2] = plain(PICK(5, 7, 8, 16)); break;
    default: c.a[1] = complement(from_to(0, 3000)); break;
  }
  return c;
}
#endif
