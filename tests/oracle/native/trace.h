// trace.h: reads .rep traces (traces/README.md) into mmap'ed memory.
#ifndef TRACE_H
#define TRACE_H
#include "../../../recorder/io.h"

// The last two are no operations: from here on thread x calls; thread x exits.
enum { OP_MALLOC, OP_CALLOC, OP_MEMALIGN, OP_REALLOC, OP_FREE, OP_TURN, OP_EXIT };

typedef struct {
  size_t x, y;    // malloc, realloc: x = bytes; calloc: x = elements, y = bytes of one; memalign: x = alignment, y = bytes
  uint32_t slot;  // 0 is the id that is never live (written as a negative id)
  uint32_t kind;
} Op;

static int threads_allowed;
static const char *cur, *trace_end;
static size_t line_no = 1;

static void __attribute__((noreturn)) bad_trace(const char *what) {
  char where[64], *p = put_dec(put_str(where, "line "), line_no);
  *p = 0;
  die(what, where);
}

static void skip_line(void) {
  while (cur < trace_end && *cur != '\n') cur++;
  if (cur < trace_end) cur++, line_no++;
}

static void skip_blanks(void) {
  while (cur < trace_end && (*cur == ' ' || *cur == '\t' || *cur == '\r')) cur++;
}

// Moves to the first character of the next line that is neither blank nor a comment.
static int next_line(void) {
  for (;;) {
    skip_blanks();
    if (cur == trace_end) return 0;
    if (*cur != '\n' && *cur != '#') return 1;
    skip_line();
  }
}

static uint64_t number(int *negative) {
  skip_blanks();
  *negative = cur < trace_end && *cur == '-';
  if (*negative) cur++;
  if (cur == trace_end || *cur < '0' || *cur > '9') bad_trace("number expected");
  uint64_t v = 0;
  for (; cur < trace_end && *cur >= '0' && *cur <= '9'; cur++) {
    uint64_t d = (uint64_t)(*cur - '0');
    v = v > (UINT64_MAX - d) / 10 ? UINT64_MAX : v * 10 + d;
  }
  return v;
}

static size_t size_argument(void) {  // what does not fit the layout becomes SIZE_MAX
  int negative;
  uint64_t v = number(&negative);
  if (negative) bad_trace("negative size");
  return v > SIZE_MAX ? SIZE_MAX : (size_t)v;
}

static uint32_t slot_argument(void) {
  int negative;
  uint64_t v = number(&negative);
  if (negative) return 0;
  if (v >= 1u << 28) bad_trace("id too large");
  return (uint32_t)v + 1;
}

static void parse_turn(Op *o, char c) {
  int negative;
  if (!threads_allowed) bad_trace("only traces of one thread are replayed here");
  o->kind = c == 't' ? OP_TURN : OP_EXIT;
  o->x = number(&negative);
  if (negative) bad_trace("negative thread");
}

static void parse_op(Op *o) {
  char c = *cur++;
  if (c == 't' || c == 'x') {
    parse_turn(o, c);
    return;
  }
  o->slot = slot_argument();
  switch (c) {
    case 'a': o->kind = OP_MALLOC; o->x = size_argument(); break;
    case 'c': o->kind = OP_CALLOC; o->x = size_argument(); o->y = size_argument(); break;
    case 'm': o->kind = OP_MEMALIGN; o->x = size_argument(); o->y = size_argument(); break;
    case 'r': o->kind = OP_REALLOC; o->x = size_argument(); break;
    case 'f': o->kind = OP_FREE; break;
    default: bad_trace("unknown operation");
  }
}

static Op *parse_trace(const char *text, size_t len, size_t *count, size_t *slots) {
  size_t lines = 1;
  uint32_t greatest = 0;
  cur = text;
  trace_end = text + len;
  for (const char *p = text; p < trace_end && (p = memchr(p, '\n', (size_t)(trace_end - p))); p++) lines++;
  Op *ops = map_bytes(lines * sizeof *ops, MAP_PRIVATE);
  for (int i = 0; i < 4; i++) {
    int negative;
    if (!next_line()) bad_trace("header cut short");
    number(&negative);
    skip_line();
  }
  for (*count = 0; next_line(); skip_line()) {
    parse_op(&ops[*count]);
    if (ops[*count].slot > greatest) greatest = ops[*count].slot;
    ++*count;
  }
  *slots = (size_t)greatest + 1;
  return ops;
}
#endif
