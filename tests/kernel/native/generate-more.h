// generate-more.h: the calls of generate.h that ask, lock or limit, and the choice between all of
// them.
#ifndef GENERATE_MORE_H
#define GENERATE_MORE_H
#include "generate.h"

static Call make_mincore(void) {
  Range r = chance(80) ? mapped_range() : any_range();
  Call c = {C_MINCORE, {page_at(r.start), bytes_of(r.pages), plain(0)}};
  if (!chance(35)) return c;
  switch (from_to(0, 5)) {
    case 0: case 1: c.a[0].value += from_to(1, 4095); break;
    case 2: c.a[1] = plain(0); break;
    case 3: c.a[1] = from_end(PICK(0, 4096)); break;
    default: c.a[2] = plain(8); break;  // nothing is mapped at page 0
  }
  return c;
}

static Call make_lock(CallKind kind, SequenceKind sequence) {
  Range r = usual_range(sequence);
  Call c = {kind, {page_at(r.start), bytes_of(r.pages), plain(kind == C_MLOCK2 ? PICK(0, 1, 1, 1) : 0)}};
  if (chance(6)) c.a[0].value += from_to(1, 4095);  // rounded down
  if (keeps_lock && chance(25)) c.a[1] = complement(from_to(4096, 20000));
  if (!chance(20)) return c;
  switch (from_to(0, 5)) {
    case 0: c.a[1] = plain(0); break;
    case 1: r = free_range(), c.a[0] = page_at(r.start); break;
    default:
      if (kind == C_MLOCK2 && chance(80)) c.a[2] = plain(PICK(2, 3, 8));
      // What is added here wraps when start and length are rounded; mlock looks at its limit first.
      else c.a[1] = complement(from_to(0, 5 * (long)PAGE));
  }
  return c;
}

static Call make_mlockall(SequenceKind kind) {
  if (chance(30)) return (Call){C_MLOCKALL, {plain(PICK(0, 8, 4, 12))}};
  return (Call){C_MLOCKALL, {plain(kind == K_BREAK ? PICK(1, 2, 3, 2 | 4) : PICK(1, 2, 2, 3, 2 | 4, 1 | 4, 3 | 4))}};
}

static Call make_break(void) {
  unsigned long now = (unsigned long)syscall(SYS_brk, 0) - window_base, last = WINDOW_PAGES * PAGE;
  long to;
  switch (from_to(0, 9)) {
    case 0: return (Call){C_BRK, {chance(50) ? plain(0) : from_end(chance(50) ? 0 : 4096)}};
    case 1: return (Call){C_BRK, {in_window(-from_to(1, 8000))}};
    case 2: case 3: to = (long)now + from_to(-5000, 5000); break;
    case 4: to = from_to(0, WINDOW_PAGES - 2) * (long)PAGE; break;
    case 5: {  // close to the next region above
      long page = ((long)now + 4095) / 4096;
      while (page < WINDOW_PAGES - 2 && seen->at[page] < 0) page++;
      to = page * (long)PAGE - PICK(0, 1, 4095, 4096, 4097, 8192);
      break;
    }
    case 6: to = (long)now - from_to(0, 6) * (long)PAGE; break;
    default: to = (long)now + from_to(0, 6) * (long)PAGE; break;
  }
  if (to > (long)(last - 2 * PAGE)) to = (long)(last - 2 * PAGE);
  return (Call){C_BRK, {in_window(to)}};
}

static Call make_setrlimit(SequenceKind kind) {
  if (chance(8)) return (Call){C_SETRLIMIT, {plain(PICK(2, 8, 9)), plain(4096), plain(8192), plain(8)}};
  if (chance(12)) return (Call){C_SETRLIMIT, {plain(PICK(16, 99)), plain(4096), plain(8192)}};
  if (chance(12)) return (Call){C_SETRLIMIT, {plain(PICK(2, 8, 9)), plain(from_to(4097, 9000)), plain(4096)}};
  int which = kind == K_LOCK ? 8 : (int)PICK(2, 9);
  struct rlimit64 now;
  if (syscall(SYS_prlimit64, 0, which, NULL, &now)) die("prlimit", NULL);
  Argument most = now.rlim_max == RLIM64_INFINITY ? complement(0) : plain((long)now.rlim_max);
  if (chance(20) && now.rlim_max != RLIM64_INFINITY) return (Call){C_SETRLIMIT, {plain(which), plain(0), plain((long)now.rlim_max + from_to(1, 9999))}};
  if (chance(10)) return (Call){C_SETRLIMIT, {plain(which), most, most}};
  long base = which == 9 ? seen->size : which == 2 ? seen->data : seen->locked;
  long bytes = (base + from_to(-2, 14)) * (long)PAGE + PICK(0, 0, 1, 4095);
  if (which == 8 && chance(15)) bytes = 0;
  if (bytes < 0 || (unsigned long)bytes > now.rlim_max) bytes = 0;
  // A hard limit, once lowered, stays: high enough to leave something to do.
  if (chance(12) && now.rlim_max == RLIM64_INFINITY) most = plain((seen->size + 500) * (long)PAGE);
  return (Call){C_SETRLIMIT, {plain(which), plain(bytes), most}};
}

static Call make_getrlimit(void) {
  long which = chance(20) ? PICK(16, 99) : PICK(2, 8, 9);
  return (Call){C_GETRLIMIT, {plain(which), plain(chance(30) ? 8 : 0)}};
}

static Call make_touch(CallKind kind) {
  Range r = chance(85) ? mapped_range() : any_range();
  long page = r.start + from_to(0, r.pages - 1);
  if (beyond_file() >= 0 && chance(45)) page = beyond_file();
  // One of three bytes in the page, so that reads find what was written.
  Argument at = in_window(page * (long)PAGE + PICK(0, 0, 1, 4095));
  return (Call){kind, {at, plain(from_to(1, 255))}};
}

static Call make_mseal(SequenceKind kind) {
  Range r = usual_range(kind);
  Call c = {C_MSEAL, {page_at(r.start), bytes_of(r.pages), plain(0)}};
  if (!chance(30)) return c;
  switch (from_to(0, 3)) {
    case 0: c.a[0].value += from_to(1, 4095); break;
    case 1: c.a[1] = plain(0); break;
    case 2: c.a[2] = chance(50) ? complement(0) : plain(1); break;
    default: c.a[1] = from_end(PICK(0, 4096, 65536)); break;
  }
  return c;
}

// Of three policies and the default, so that neighbours are often alike.
static Call make_mbind(SequenceKind kind) {
  Range r = usual_range(kind);
  Call c = {C_MBIND, {page_at(r.start), bytes_of(r.pages), plain(PICK(2, 2, 3, 1)), plain(1), plain(64), plain(PICK(0, 0, 1, 2, 3))}};
  if (chance(30)) c.a[2] = c.a[3] = plain(0), c.a[4] = plain(PICK(0, 0, 64));
  if (chance(15)) c.a[2] = plain(PICK(4, 5, 6, 0x8002, 0x4002, 0x2002, 0x8003)), c.a[3] = plain(PICK(1, 1, 3, 5));
  long resident = __builtin_ffsl((long)seen->resident) - 1;
  // Where a page is, none is wanted.
  if (chance(4)) return (Call){C_MBIND, {c.a[0], c.a[1], plain(2), plain(1), plain(64), plain(PICK(4, 5, 6, 7))}};
  if (resident >= 0 && chance(12))
    return (Call){C_MBIND, {page_at(resident), plain(PAGE), plain(4), plain(0), plain(0), plain(PICK(1, 1, 1, 3))}};
  if (!chance(25)) return c;
  switch (from_to(0, 6)) {
    case 0: c.a[0].value += from_to(1, 4095); break;
    case 1: c.a[1] = chance(50) ? plain(0) : complement(from_to(0, 3000)); break;
    case 2: c.a[2] = plain(PICK(7, 8, 0xc002, 0x2003, 0x2005, 0x10002, 0x12)); break;
    case 3: c.a[3] = plain(PICK(0, 2, 6, 1)); break;
    case 4: c.a[4] = plain(PICK(0, 1, 2, 3, 32768, 32769, 32770)); break;
    case 5: c.a[5] = plain(PICK(4, 4, 4, 6, 8, 16)); break;
    default: c.a[2] = plain(PICK(0, 1, 2, 4, 0x8001, 0x8004, 0x4001, 0x4000)), c.a[3] = plain(PICK(0, 1, 2)); break;
  }
  return c;
}

// The pages that are mapped there, once more, or any of the file that are not mapped, or pages
// behind its end.
static Call make_remap(void) {
  const Vma *v = NULL;
  for (int tries = 0; tries < 8 && !(v && v->shared); tries++) v = any_region();
  Range r = v ? inside(v) : any_range();
  long place = v && v->shared ? v->pgoff + r.start - v->start : from_to(0, 9);
  if (v && v->shared && chance(50)) {
    long pages = inode_pages[inode_ordinal(v->inode)], other = chance(50) ? pages + from_to(0, 6) : from_to(0, pages);
    if (!is_mapped_elsewhere(v->inode, other, r.pages, r.start - other)) place = other;
  }
  Call c = {C_REMAP, {page_at(r.start), plain(r.pages * (long)PAGE), plain(0), plain(place), plain(chance(30) ? MAP_NONBLOCK : 0)}};
  if (chance(10)) c.a[0].value += from_to(1, 4095);  // rounded down, both of them
  if (chance(10)) c.a[1].value += from_to(1, 4095);
  if (!chance(20)) return c;
  switch (from_to(0, 5)) {
    case 0: c.a[1] = plain(from_to(0, 4095)); break;
    case 1: c.a[1] = complement(from_to(0, 9000)); break;
    case 2: c.a[2] = plain(PICK(1, 3, 4)); break;
    case 3: c.a[3] = complement(0); break;
    case 4: r = free_range(), c.a[0] = page_at(r.start), c.a[3] = plain(1l << 30); break;
    default: c.a[1] = plain((r.pages + from_to(1, 9)) * (long)PAGE), c.a[3] = plain(1l << 30); break;
  }
  return c;
}

static Call next_call(SequenceKind kind) {
  long total = 0, draw;
  for (int i = 0; i < CALL_KINDS; i++) total += WEIGHTS[kind][i];
  draw = from_to(0, total - 1);
  int call = 0;
  while (draw >= WEIGHTS[kind][call]) draw -= WEIGHTS[kind][call++];
  switch ((CallKind)call) {
    case C_MMAP: return make_mmap(kind);
    case C_MUNMAP: return make_munmap(kind);
    case C_MREMAP: return make_mremap(kind);
    case C_MPROTECT: return make_mprotect(kind);
    case C_MADVISE: return make_madvise(kind);
    case C_MSYNC: return make_msync();
    case C_MINCORE: return make_mincore();
    case C_MLOCK: case C_MLOCK2: case C_MUNLOCK: return make_lock((CallKind)call, kind);
    case C_MLOCKALL: return make_mlockall(kind);
    case C_MUNLOCKALL: return (Call){C_MUNLOCKALL, {plain(0)}};
    case C_BRK: return make_break();
    case C_SETRLIMIT: return make_setrlimit(kind);
    case C_GETRLIMIT: return make_getrlimit();
    case C_MSEAL: return make_mseal(kind);
    case C_MBIND: return make_mbind(kind);
    case C_REMAP: return make_remap();
    default: return make_touch((CallKind)call);
  }
}
#endif
