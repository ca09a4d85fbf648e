// script: run a heap script on the native allocator and log what every statement gave.
//
// Build: gcc -std=gnu11 -O2 -fno-builtin [-m32] -o script script.c Use: script FILE|-
// (GLIBC_TUNABLES is taken from the environment; the language: ../README.md)
//
// The script runs in a forked child whose heap does not exist yet; the log is in shared memory, so
// it is whole even where the child dies. The last line tells how it ended: `exit 0`,
// `abort: MESSAGE` or `signal N`.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "expression.h"
#include "layout.h"

enum { TOKENS = 8, LINES = 1 << 17, DEPTH = 8 };

// From 2.43 on.
extern void free_sized(void *, size_t) __attribute__((weak));
extern void free_aligned_sized(void *, size_t, size_t) __attribute__((weak));

static char *out, *out_limit;  // shared with the child; *out holds the length of the text
static char *line_of[LINES];
static int line_count;
static int script_errno;  // the program's errno: the interpreter's own calls don't touch it

typedef struct {
  char *token[TOKENS];
  int count;
} Tokens;

static void log_text(const char *text) {
  size_t n = strlen(text);
  char *end = out + sizeof(size_t) + *(size_t *)out;
  if (end + n + 1 > out_limit) die("log full", NULL);
  memcpy(end, text, n);
  end[n] = '\n';
  *(size_t *)out += n + 1;
}

// ---------------------------------------------------------------- results as text

static char *put_errno(char *p) { return put_int(put_str(p, " errno="), script_errno); }

static char *put_block(char *p, Word block) {  // where a block is and its header word
  if (!block) return put_errno(put_str(p, "null"));
  Word head = load(block - WORD);
  if ((head & 2) && block - (Word)heap >= 0x20000000u) p = put_hex(put_str(p, "mmap "), block & 0xfff, 3);
  else p = put_word(p, block);
  return put_hex(put_str(p, " size=0x"), head, 1);
}

static char *put_fields(char *p, const size_t *fields) {
  static const char *const names[] = {"arena=", "ordblks=", "smblks=", "hblks=", "hblkhd=", "usmblks=",
                                      "fsmblks=", "uordblks=", "fordblks=", "keepcost="};
  for (int i = 0; i < 10; i++) p = put_dec(put_str(put_str(p, i ? " " : ""), names[i]), fields[i]);
  return put_hex(put_str(p, " brk=0x"), (Word)sbrk(0) - (Word)heap, 1);
}

static char *put_mallinfo(char *p) {
  struct mallinfo m = mallinfo();
  size_t fields[10];
  for (int i = 0; i < 10; i++) fields[i] = (unsigned)((int *)&m)[i];
  return put_fields(p, fields);
}

static char *put_mallinfo2(char *p) {
  struct mallinfo2 m = mallinfo2();
  return put_fields(p, (size_t *)&m);
}

static char *put_words(char *p, Word a, Word n) {
  for (Word i = 0; i < n; i++) p = put_word(put_str(p, i ? " " : ""), load(a + i * WORD));
  return p;
}

static char *put_numbers(char *p, Word a, Word n) {
  for (Word i = 0; i < n; i++) p = put_hex(put_str(p, i ? " 0x" : "0x"), load(a + i * WORD), 1);
  return p;
}

static char *put_runs(char *p, Word a, Word n) {  // the bytes, run-length coded: 5a*24 00*3
  volatile unsigned char *bytes = (volatile unsigned char *)a;
  for (Word i = 0, runs = 0; i < n && runs < 64; runs++) {
    Word j = i;
    while (j < n && bytes[j] == bytes[i]) j++;
    p = put_hex(put_str(p, runs ? " " : ""), bytes[i], 2);
    p = put_dec(put_str(p, "*"), j - i);
    i = j;
  }
  return p;
}

// ---------------------------------------------------------------- calls and statements

static Word argument(const Tokens *t, int i) {
  if (i >= t->count) die("argument missing", t->token[0]);
  return evaluate(t->token[i]);
}

// `v = CALL ARGUMENT...`: the call's result, and its text at *p.
static Word assigned_call(const Tokens *t, char **p) {
  const char *name = t->token[2];
  Word x = t->count > 3 ? argument(t, 3) : 0, y = t->count > 4 ? argument(t, 4) : 0, z = t->count > 5 ? argument(t, 5) : 0;
  Word r;
  errno = script_errno;
  if (!strcmp(name, "malloc")) r = (Word)malloc(x);
  else if (!strcmp(name, "calloc")) r = (Word)calloc(x, y);
  else if (!strcmp(name, "realloc")) r = (Word)realloc((void *)x, y);
  else if (!strcmp(name, "reallocarray")) r = (Word)reallocarray((void *)x, y, z);
  else if (!strcmp(name, "memalign")) r = (Word)memalign(x, y);
  else if (!strcmp(name, "aligned_alloc")) r = (Word)aligned_alloc(x, y);
  else if (!strcmp(name, "valloc")) r = (Word)valloc(x);
  else if (!strcmp(name, "pvalloc")) r = (Word)pvalloc(x);
  else if (!strcmp(name, "posix_memalign")) {
    void *block = NULL;
    int status = posix_memalign(&block, x, y);
    script_errno = errno;
    *p = put_str(put_int(put_str(*p, "status="), status), status ? "" : " ");
    if (!status) *p = put_block(*p, (Word)block);
    return (Word)block;
  } else if (!strcmp(name, "mmap") || !strcmp(name, "sbrk")) {
    r = *name == 's' ? (Word)sbrk((intptr_t)x)
                     : (Word)mmap(NULL, x, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    script_errno = errno;
    *p = r == (Word)-1 ? put_errno(put_str(*p, "-1")) : put_word(*p, r);
    return r;
  } else die("unknown call", name);
  script_errno = errno;
  *p = put_block(*p, r);
  return r;
}

static char *with_errno(char *p, intptr_t result) {
  script_errno = errno;
  p = put_int(p, result);
  return result == -1 ? put_errno(p) : p;
}

static char *memory_statement(const Tokens *t, char *p) {
  const char *name = t->token[0];
  if (!strcmp(name, "fill")) {
    for (Word a = argument(t, 1), n = argument(t, 2), b = argument(t, 3); n--; a++) *(volatile char *)a = (char)b;
    return put_str(p, "ok");
  }
  if (!strcmp(name, "poke")) return *(volatile Word *)argument(t, 1) = argument(t, 2), put_str(p, "ok");
  if (!strcmp(name, "poke16")) return *(volatile uint16_t *)argument(t, 1) = (uint16_t)argument(t, 2), put_str(p, "ok");
  if (!strcmp(name, "peek")) return put_words(p, argument(t, 1), t->count > 2 ? argument(t, 2) : 1);
  if (!strcmp(name, "hex")) return put_numbers(p, argument(t, 1), argument(t, 2));
  if (!strcmp(name, "runs")) return put_runs(p, argument(t, 1), argument(t, 2));
  if (!strcmp(name, "print")) return put_word(p, argument(t, 1));
  if (!strcmp(name, "dec")) return put_dec(p, argument(t, 1));
  if (!strcmp(name, "key")) return tcache_key = load(argument(t, 1)), put_str(p, "ok");
  return NULL;
}

static char *kernel_statement(const Tokens *t, char *p) {
  static char *wall;
  const char *name = t->token[0];
  if (!strcmp(name, "block_brk")) {
    wall = (char *)(((Word)sbrk(0) + 4095) & ~(Word)4095) + argument(t, 1);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    if (mmap(wall, 4096, PROT_NONE, flags, -1, 0) != wall) die("the page above the break is taken", NULL);
    return put_str(p, "ok");
  }
  if (!strcmp(name, "unblock_brk")) return put_str(p, munmap(wall, 4096) ? "failed" : "ok");
  if (!strcmp(name, "munmap")) {
    Word a = argument(t, 1), n = argument(t, 2);
    return with_errno(p, munmap((void *)a, n));
  }
  if (!strcmp(name, "setbrk")) return with_errno(p, brk((void *)argument(t, 1)));
  if (!strcmp(name, "brk")) return put_hex(put_str(p, "0x"), (Word)sbrk(0) - (Word)heap, 1);
  return NULL;
}

static char *allocator_statement(const Tokens *t, char *p) {
  const char *name = t->token[0];
  Word x = t->count > 1 ? argument(t, 1) : 0, y = t->count > 2 ? argument(t, 2) : 0;
  errno = script_errno;
  if (!strcmp(name, "free")) free((void *)x), p = put_str(p, "ok");
  else if (!strcmp(name, "free_sized") && free_sized) free_sized((void *)x, y), p = put_str(p, "ok");
  else if (!strcmp(name, "free_aligned_sized") && free_aligned_sized)
    free_aligned_sized((void *)x, y, t->count > 3 ? argument(t, 3) : 0), p = put_str(p, "ok");
  else if (!strcmp(name, "usable")) p = put_dec(p, malloc_usable_size((void *)x));
  else if (!strcmp(name, "mallopt")) p = put_int(p, mallopt((int)x, (int)y));
  else if (!strcmp(name, "malloc_trim")) p = put_int(p, malloc_trim(x));
  else if (!strcmp(name, "mallinfo")) p = put_mallinfo(p);
  else if (!strcmp(name, "mallinfo2")) p = put_mallinfo2(p);
  else if (!strcmp(name, "malloc_info")) p = put_int(p, malloc_info((int)x, stderr));
  else if (!strcmp(name, "errno")) p = put_int(p, errno);
  else if (!strcmp(name, "set_errno")) errno = (int)x, p = put_str(p, "ok");
  else return NULL;
  script_errno = errno;
  return p;
}

// ---------------------------------------------------------------- lines

static void split(char *text, Tokens *t) {
  t->count = 0;
  for (char *p = text; t->count < TOKENS;) {
    while (*p == ' ') *p++ = 0;
    if (!*p) return;
    t->token[t->count++] = p;
    while (*p && *p != ' ') p++;
  }
  die("too many words", text);
}

// The statement with the marks in front of it taken off, or NULL where it is not for this layout.
static const char *marks_of(const char *line, int *quiet) {
  *quiet = 0;
  while (*line == ' ') line++;
  if (!strncmp(line, "@ilp32 ", 7)) line = WORD == 4 ? line + 7 : "";
  else if (!strncmp(line, "@lp64 ", 6)) line = WORD == 8 ? line + 6 : "";
  if (*line == '-') line++, *quiet = 1;
  while (*line == ' ') line++;
  return *line && *line != '#' ? line : NULL;
}

static Word *target_of(const char *text) {
  char name[32];
  at = text;
  read_name(name);
  Word *v = variable(name);
  if (*at) bad("variable expected");
  return v;
}

static void run_statement(const char *statement, int quiet) {
  static char words[1 << 16], text[1 << 17];
  Tokens t;
  strcpy(words, statement);
  split(words, &t);
  char *p = put_str(put_str(text, statement), " => "), *end = NULL;
  if (t.count > 2 && !strcmp(t.token[1], "=")) {
    end = p;
    Word v = assigned_call(&t, &end);
    *target_of(t.token[0]) = v;
  } else if (!strcmp(t.token[0], "let") && t.count == 4) {
    *target_of(t.token[1]) = argument(&t, 3);
    return;
  } else {
    end = memory_statement(&t, p);
    if (!end) end = kernel_statement(&t, p);
    if (!end) end = allocator_statement(&t, p);
    if (!end) die("unknown statement", statement);
  }
  *end = 0;
  if (!quiet) log_text(text);
}

static void run_script(void) {
  struct { int line; Word *counter, times; } loop[DEPTH];
  int depth = 0;
  for (int i = 0; i < line_count; i++) {
    int quiet;
    const char *statement = marks_of(line_of[i], &quiet);
    if (!statement) continue;
    if (!strncmp(statement, "times ", 6)) {  // times COUNT VARIABLE ... end
      static char words[1 << 12];
      Tokens t;
      strcpy(words, statement);
      split(words, &t);
      if (depth == DEPTH || t.count != 3) die("bad loop", statement);
      loop[depth].times = argument(&t, 1);
      loop[depth].counter = target_of(t.token[2]);
      *loop[depth].counter = 0;
      loop[depth++].line = i;
    } else if (!strcmp(statement, "end")) {
      if (!depth) die("end without times", NULL);
      if (++*loop[depth - 1].counter < loop[depth - 1].times) i = loop[depth - 1].line;
      else depth--;
    } else run_statement(statement, quiet);
  }
}

static void split_lines(char *text) {
  for (char *p = text; *p;) {
    if (line_count == LINES) die("too many lines", NULL);
    line_of[line_count++] = p;
    while (*p && *p != '\n') p++;
    if (*p) *p++ = 0;
  }
}

// An emulator has words of its own about a program that dies.
static void drop_emulator_words(char *message, size_t *n) {
  char *said = strstr(message, "qemu: uncaught target signal");
  if (said) *n = (size_t)(said - message);
}

static void log_end(int status, char *message, size_t n) {
  char text[5000], *p = text;
  message[n] = 0;
  drop_emulator_words(message, &n);
  while (n && message[n - 1] == '\n') message[--n] = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status)) die("the script failed", message);
  if (WIFEXITED(status)) p = put_str(p, "exit 0");
  else if (WTERMSIG(status) == SIGABRT) {  // malloc_info may have written before
    char *last = strrchr(message, '\n');
    p = put_str(put_str(p, "abort: "), last ? last + 1 : message);
  }
  else p = put_dec(put_str(p, "signal "), (uint64_t)WTERMSIG(status));
  *p = 0;
  log_text(text);
}

int main(int argc, char **argv, char **envp) {
  static char message[4097];
  program = "script";
  if (argc != 2) die("usage: script FILE|-", NULL);
  without_randomisation(argv, envp);
  size_t len, n = 0, log_size = (size_t)64 << 20;
  split_lines(read_all(argv[1], &len));
  variables = map_bytes((size_t)NAMES * SLOTS * WORD, MAP_PRIVATE);
  out = map_bytes(log_size, MAP_SHARED);
  out_limit = out + log_size;
  heap = aligned_start_brk((uintptr_t)64 << 20);
  places = find_places();
  map_ref = settle_map_area((uintptr_t)heap);
  int fd[2];
  if (pipe(fd)) die("no pipe", NULL);
  pid_t pid = fork();
  if (pid == 0) {
    alarm(5);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    dup2(fd[1], 2);
    close(fd[0]);
    close(fd[1]);
    run_script();
    _exit(0);
  }
  close(fd[1]);
  for (ssize_t got; n < sizeof message - 1 && (got = read(fd[0], message + n, sizeof message - 1 - n)) > 0;) n += (size_t)got;
  int status;
  if (waitpid(pid, &status, 0) != pid) die("the child is lost", NULL);
  log_end(status, message, n);
  write_all(1, out + sizeof(size_t), *(size_t *)out);
  _exit(0);
}
