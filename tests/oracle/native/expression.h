// expression.h: the values of heap scripts. Words are the layout's (32 or 64 bits) and wrap around.
//
// Grammar, no blanks inside an expression: | ^ & << >> + - * / % (C's precedence), unary - and ~,
// parentheses, decimal and 0x numbers, NAME, NAME[EXPR] and FUNCTION(EXPR,...). names() below lists
// what is built in.
#ifndef EXPRESSION_H
#define EXPRESSION_H
#include <malloc.h>
#include "places.h"

enum { NAMES = 64, SLOTS = 4096 };

#define MAIN_ARENA ((Word)places.main_arena)
static char *heap;      // start_brk
static Places places;   // where glibc's structs are
static Word map_ref;    // mmap areas are searched downwards from here
static Word tcache_key; // as told by the script, 0 = not known
static Word *variables; // [NAMES][SLOTS]
static char name_of[NAMES][32];

static const char *at;  // the rest of the expression
static Word expression(void);

static void __attribute__((noreturn)) bad(const char *what) { die(what, at); }

static Word load(Word a) { return *(volatile Word *)a; }

static int is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static int is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t read_name(char *name) {
  size_t n = 0;
  while ((is_name_start(*at) || is_digit(*at)) && n < 31) name[n++] = *at++;
  name[n] = 0;
  return n;
}

static Word *variable(const char *name) {
  Word slot = 0;
  if (*at == '[') {
    at++;
    slot = expression();
    if (*at++ != ']') bad("] expected");
  }
  if (slot >= SLOTS) bad("index too large");
  for (int i = 0; i < NAMES; i++) {
    if (!name_of[i][0]) strcpy(name_of[i], name);
    if (!strcmp(name_of[i], name)) return &variables[(Word)i * SLOTS + slot];
  }
  bad("too many names");
}

static Word chunk_size(Word request) {  // of a request: header word, rounded up to 16, at least the least chunk
  Word size = (request + WORD + 15) & ~(Word)15, least = WORD == 4 ? 16 : 32;
  return size < least ? least : size;
}

static int named_constant(const char *name, Word *v) {
  static const struct { const char *name; int value; } mallopts[] = {
      {"M_MXFAST", 1}, {"M_TRIM_THRESHOLD", -1}, {"M_TOP_PAD", -2}, {"M_MMAP_THRESHOLD", -3}, {"M_MMAP_MAX", -4},
      {"M_CHECK_ACTION", -5}, {"M_PERTURB", -6}, {"M_ARENA_TEST", -7}, {"M_ARENA_MAX", -8}};
  for (size_t i = 0; i < sizeof mallopts / sizeof *mallopts; i++)
    if (!strcmp(name, mallopts[i].name)) return *v = (Word)(intptr_t)mallopts[i].value, 1;
  if (!strcmp(name, "W")) *v = WORD;
  else if (!strcmp(name, "MINSIZE")) *v = WORD == 4 ? 16 : 32;
  else if (!strcmp(name, "SIZE_MAX")) *v = SIZE_MAX;
  else if (!strcmp(name, "PTRDIFF_MAX")) *v = PTRDIFF_MAX;
  else if (!strcmp(name, "heap")) *v = (Word)heap;
  else if (!strcmp(name, "brk")) *v = (Word)sbrk(0);
  else if (!strcmp(name, "arena")) *v = MAIN_ARENA;
  else if (!strcmp(name, "top")) *v = places.main_arena->top;
  else if (!strcmp(name, "binmap")) *v = MAIN_ARENA + offsetof(Arena, binmap);
  else if (!strcmp(name, "last_remainder")) *v = MAIN_ARENA + offsetof(Arena, last_remainder);
  else if (!strcmp(name, "attached_threads")) *v = MAIN_ARENA + offsetof(Arena, attached_threads);
  else if (!strcmp(name, "tcache")) *v = (Word)tcache_of(&places, (Word)__builtin_thread_pointer());
  else if (!strcmp(name, "ref")) *v = map_ref;
  else if (!strcmp(name, "key")) *v = tcache_key;
  else return 0;
  return 1;
}

static Word fastbin(Word index) {
#if HAS_FASTBINS
  return MAIN_ARENA + offsetof(Arena, fastbins) + index * WORD;
#else
  (void)index;
  bad("fastbin(I): glibc has no fast bins since 2.43");
#endif
}

// Of a tcache's bin: the address of its counter, of its first entry, or how many blocks it has.
static Word of_tcache(const char *what, Word index) {
  const Tcache *tcache = tcache_of(&places, (Word)__builtin_thread_pointer());
  if (index >= TCACHE_BINS) bad("a tcache has not so many bins");
  if (!strcmp(what, "tblocks")) return tcache ? blocks_in(&places, tcache, index) : 0;
  if (!tcache) bad("there is no tcache here");
  return (Word)(!strcmp(what, "tcount") ? (Word)&tcache->counts[index] : (Word)&tcache->entries[index]);
}

static Word call(const char *name) {
  Word arg[3] = {0};
  int n = 0;
  at++;
  while (*at != ')') {
    if (n == 3) bad("too many arguments");
    arg[n++] = expression();
    if (*at == ',') at++;
    else if (*at != ')') bad(") expected");
  }
  at++;
  if (!strcmp(name, "load")) return load(arg[0]);
  if (!strcmp(name, "load16")) return *(volatile uint16_t *)arg[0];
  if (!strcmp(name, "link")) return (arg[0] >> 12) ^ arg[1];  // safe-linked pointer to arg[1], stored at arg[0]
  if (!strcmp(name, "reveal")) return (arg[0] >> 12) ^ load(arg[0]);
  if (!strcmp(name, "size")) return load(arg[0] - WORD) & ~(Word)7;  // of a block's chunk
  if (!strcmp(name, "chunk")) return chunk_size(arg[0]);
  // As a chunk: fd, bk fit.
  if (!strcmp(name, "bin")) return MAIN_ARENA + offsetof(Arena, bins) + (arg[0] - 2) * 2 * WORD;
  if (!strcmp(name, "fastbin")) return fastbin(arg[0]);
  if (!strcmp(name, "tcount") || !strcmp(name, "tentry") || !strcmp(name, "tblocks")) return of_tcache(name, arg[0]);
  bad("unknown function");
}

static Word primary(void) {
  if (*at == '-') return at++, -primary();
  if (*at == '~') return at++, ~primary();
  if (*at == '(') {
    at++;
    Word v = expression();
    if (*at++ != ')') bad(") expected");
    return v;
  }
  if (is_digit(*at)) {
    Word v = 0;
    if (at[0] == '0' && at[1] == 'x') {
      for (at += 2; is_digit(*at) || (*at >= 'a' && *at <= 'f'); at++) v = v * 16 + (Word)(is_digit(*at) ? *at - '0' : *at - 'a' + 10);
      return v;
    }
    while (is_digit(*at)) v = v * 10 + (Word)(*at++ - '0');
    return v;
  }
  if (!is_name_start(*at)) bad("value expected");
  char name[32];
  Word v;
  read_name(name);
  if (*at == '(') return call(name);
  if (named_constant(name, &v)) return v;
  return *variable(name);
}

static int level_of(const char **op) {  // binding strength of the operator at `at`, 0 = none
  static const struct { const char *text; int level; } ops[] = {
      {"|", 1}, {"^", 2}, {"&", 3}, {"<<", 4}, {">>", 4}, {"+", 5}, {"-", 5}, {"*", 6}, {"/", 6}, {"%", 6}};
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
    if (!strncmp(at, ops[i].text, strlen(ops[i].text))) return *op = ops[i].text, ops[i].level;
  return 0;
}

static Word binary(int least) {
  Word v = primary();
  const char *op;
  for (int level; (level = level_of(&op)) && level >= least;) {
    at += strlen(op);
    Word right = binary(level + 1);
    switch (*op) {
      case '|': v |= right; break;
      case '^': v ^= right; break;
      case '&': v &= right; break;
      case '<': v <<= right; break;
      case '>': v >>= right; break;
      case '+': v += right; break;
      case '-': v -= right; break;
      case '*': v *= right; break;
      case '/': v = right ? v / right : 0; break;
      default: v = right ? v % right : 0;
    }
  }
  return v;
}

static Word expression(void) { return binary(1); }

static Word evaluate(const char *text) {
  at = text;
  Word v = expression();
  if (*at) bad("junk after expression");
  return v;
}

// A word as text that does not depend on where things lie: relative to the heap, main_arena or the
// mmap area.
static char *put_word(char *p, Word v) {
  if (tcache_key && v == tcache_key) return put_str(p, "key");
  if (v - (Word)heap < 0x20000000u) return put_hex(put_str(p, "heap+0x"), v - (Word)heap, 1);
  if (v - MAIN_ARENA < sizeof(Arena)) return put_hex(put_str(p, "arena+0x"), v - MAIN_ARENA, 1);
  if (map_ref - v <= 0x4000000u) return put_hex(put_str(p, "ref-0x"), map_ref - v, 1);
  return put_hex(put_str(p, "0x"), v, 1);
}
#endif
