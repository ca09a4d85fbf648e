/** The language of `strace script`: what people write in C, and what strace prints. */
import { describe, expect, it } from "vitest";
import { run } from "./run.js";

const script = (text: string, ...args: string[]) => run(["strace", "script", ...args, "-"], text);

/** What a script prints, which must end well and without a remark. */
async function shown(text: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await script(text, "-a", "0", ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

/** What printf makes of one expression. */
async function value(expression: string, ...args: string[]): Promise<string> {
  return shown(`printf("%lld", ${expression})`, ...args);
}

describe("a script as people write it", () => {
  it("is C with ; or a line for each statement", async () => {
    const text = `mallopt(M_MMAP_THRESHOLD, 65536)
p = malloc(70000); free(p)
q = aligned_alloc(64, 100)
n = malloc_usable_size(q)
madvise(q & ~4095, 4096, MADV_DONTNEED)
printf("%d\\n", n)
`;
    expect(await shown(text)).toBe(
      "brk(NULL) = 0x1000000\nbrk(0x1021000) = 0x1021000\nbrk(0x1022000) = 0x1022000\n" +
        "brk(0x1021000) = 0x1021000\nmadvise(0x1000000, 4096, MADV_DONTNEED) = 0\n108\n",
    );
  });

  it("has declarations, casts, and calls of the whole family within each other", async () => {
    const text = `#include <stdlib.h>
// the family
const char *s = (char *) malloc(10), *t; void *q;   /* two
lines */ unsigned long n = sizeof(void *) * 8;
t = calloc(3, 8); t = realloc(t, 100); t = reallocarray(t, 3, 100);
free(realloc(memalign(64, 10), 20));
int error = posix_memalign(&q, 64, 100);
printf("%d %d %lu %d", error, malloc_usable_size(q) >= 100, n, posix_memalign(&q, 3, 1) == EINVAL);
printf(" %lx %lx\\n", valloc(1) % PAGE_SIZE, (size_t) pvalloc(1) & 0xfffUL);
free(
  (void *) t
);
errno = 0
`;
    expect((await shown(text, "-e", "!brk")).trim()).toBe("0 1 32 1 0 0");
    expect((await shown(text, "-e", "!brk", "--abi", "lp64")).trim()).toBe("0 1 64 1 0 0");
  });

  it.each([
    ["1 + 2 * 3 - 4 / 2 % 3", "5"],
    ["1 | 6 & ~2 ^ 8", "13"],
    ["1 << 4 >> 1 + 1", "4"],
    ["(1 << 20) - 0x10 + 010 + 0b11", "1048571"],
    ["-7 / 2 * 1000 + -7 % 2", "-3001"],
    ["1 < 2 == 1 && 2 >= 3 || 4 != 4", "0"],
    ["!0 ? 5 : 6", "5"],
    ["'A' + '\\n'", "75"],
    ["PROT_READ|PROT_WRITE | MAP_PRIVATE | MAP_ANON", "35"],
    ["MADV_COLLAPSE * 1000 + MADV_POPULATE_WRITE", "25023"],
    ["M_MMAP_THRESHOLD * 10 + M_ARENA_MAX", "-38"],
    ["64ul + 1LL + 2u", "67"],
    ["(unsigned char) 300 + (uint8_t) 255", "299"],
    ["(n = 5) + n++ * 10 + (n += 2, 0)", undefined],
    ["(n = 5) + n++ * 10 + --n", "60"],
    ["SIZE_MAX >> 1", "2147483647"],
    ["~0UL >> 28", "15"],
    ["(int) 0xffffffff", "-1"],
    ["MAP_FAILED == (void *) -1", "1"],
  ])("%s is %s", async (expression, result) => {
    if (result === undefined) expect((await script(`malloc(${expression})`)).code).toBe(1);
    else expect(await value(expression)).toBe(result);
  });

  it("counts in what a pointer points at", async () => {
    const text = `int *p = malloc(40); char **v = malloc(40); int *q = p + 3; void *b = p; q++;
printf("%d %d %d %d %d", q - p, (char *) q - (char *) p, (size_t) (v + 1) - (size_t) v, b + 3 == (char *) p + 3, &*p)`;
    const allowed = text.replace(", &*p", "").replace(" %d)", ")").replace(' %d"', '"');
    expect(await shown(allowed, "-e", "none")).toBe("4 16 4 1");
    expect(await shown(allowed, "-e", "none", "--abi", "lp64")).toBe("4 16 8 1");
  });

  it.each([
    ["p = malloc(12abc)", /:1:12: '12abc': a whole number/],
    ["p = malloc(1e6)", /:1:12: '1e6': a whole number/],
    ["p = malloc(1.5)", /:1:12: '1\.5': a whole number/],
    ["p = malloc(64K)", /:1:12: '64K': a whole number/],
    ["malloc(0x)", /:1:8: '0x': a whole number/],
    ["malloc(1) free(0)", /:1:11: unexpected 'free': ; or a new line was expected$/],
    ["malloc(1))", /:1:10: unexpected '\)': ; or/],
    ["malloc(1\nfree(0)", /:1:7: this \( has no \)$/],
    ["malloc(1) +\n", /:2:1: unexpected the end: a value was expected$/],
    ["\n  7", /:2:3: this does nothing/],
    ["x = 1\nx", /:2:1: this does nothing/],
    ["free(q)", /:1:6: there is no 'q'$/],
    ["char *q; free(q)", /:1:15: q has no value yet$/],
    ["NULL = malloc(1)", /:1:1: NULL is a constant/],
    ["int PROT_READ = 1", /:1:5: PROT_READ is a constant/],
    ["int a[3];", /:1:6: a script has no arrays/],
    ["float f = 1;", /:1:1: float: a script has integers and pointers only$/],
    ["void v;", /:1:6: void is no type of a number/],
    ["struct mallinfo2 m;", /:1:1: struct: a script has/],
    ["if (1) malloc(1)", /:1:1: if: a script has calls/],
    ["p = malloc(1); *p = 1", /:1:16: memory is read with read/],
    ["p = malloc(1); p[0] = 1", /:1:17: memory is read with read/],
    ['open("a, 0)', /:1:6: the " has no end in its line$/],
    ["malloc(1) /* no end", /:1:11: the comment \/\* has no \*\/$/],
    ["malloc(@)", /:1:8: unexpected '@'$/],
    ["malloc(1 / 0)", /:1:10: division by 0$/],
    ["malloc(1 << 64)", /:1:10: a shift is by 0 to 63 bits, not 64$/],
    ["x = 1 << 63; x = x * x", /:1:20: the result of \* does not fit into 64 bits$/],
    ["madvise(0x7f0000000000, 4096, 4)", /:1:1: \d+ \(0x7f0000000000\) does not fit a word/],
    ["posix_memalign(q, 64, 1)", /:1:16: there is no 'q'$/],
    ["q = 0; posix_memalign(q, 64, 1)", /:1:8: posix_memalign takes the place of a variable: &p$/],
    ['printf("%d")', /:1:1: printf: nothing is left for %d$/],
    ['printf("%q", 1)', /:1:1: printf does not know %q$/],
    ["sysconf(1)", /:1:1: sysconf knows _SC_PAGESIZE only$/],
    ["brk(0); brk(NULL) = wrong", /:1:19: ; or a new line|:1:19: unexpected '='/],
    ["brk(NULL) = wrong", /:1:10: a result as strace writes it was expected$/],
    ["munmap(0x1000, 4096, 7) = 0", /:1:1: munmap of strace has other arguments/],
    ["munmap(0x1000, 4096 5) = 0", /:1:21: unexpected '5'$/],
  ])("%j is refused", async (text, message) => {
    const { code, stdout, stderr } = await script(text);
    expect(stderr.trimEnd()).toMatch(message);
    expect(stderr).toMatch(/^ptmalloc-wasm: <stdin>:\d+:\d+: .*\n$/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });

  it.each([
    ["parentheses", `malloc(${"(".repeat(3000)}1${")".repeat(3000)})`],
    ["calls", `${"malloc(".repeat(3000)}1${")".repeat(3000)}`],
    ["signs", `malloc(${"~".repeat(3000)}1)`],
    ["casts", `malloc(${"(int)".repeat(3000)}1)`],
    ["terms", `malloc(${"1+".repeat(100_000)}1)`],
    ["assignments", `${"a=".repeat(3000)}1`],
    ["conditions", `malloc(${"1?".repeat(3000)}1${":1".repeat(3000)})`],
  ])("thousands of nested %s end in one line", async (_, text) => {
    const { code, stderr } = await script(text);
    expect(stderr).toMatch(/^ptmalloc-wasm: <stdin>:1:\d+: more than \d+ parts .*\n$/);
    expect(code).toBe(1);
  });
});

describe("lines of strace in a script", () => {
  it("name addresses that later lines refer to", async () => {
    const text = `brk(NULL)                               = 0x55d8c9f7a000
brk(0x55d8c9f9b000)                     = 0x55d8c9f9b000
mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f6d0a9c5000
munmap(0x7f6d0a9c6000, 4096)            = 0
madvise(0x55d8c9f7b000, 4096, MADV_DONTNEED) = 0
mremap(0x7f6d0a9c5000, 4096, 16384, MREMAP_MAYMOVE) = 0x7f6d0b000000
mprotect(0x7f6d0b003000, 4096, PROT_NONE) = 0
munmap(0x7f6d0b000000 + 4096, 4096);    // C may go on with them
setrlimit(RLIMIT_DATA, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0
prlimit64(0, RLIMIT_DATA, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0
mincore(0x7f6d0b000000, 4096, [0])      = 0
`;
    const lines = (await shown(text, "--abi", "lp64")).split("\n");
    expect(lines).toEqual([
      "brk(NULL) = 0x1000000",
      "brk(0x1021000) = 0x1021000",
      "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x55550000",
      "munmap(0x55551000, 4096) = 0",
      "madvise(0x1001000, 4096, MADV_DONTNEED) = 0",
      "mremap(0x55550000, 4096, 16384, MREMAP_MAYMOVE) = 0x55550000",
      "mprotect(0x55553000, 4096, PROT_NONE) = 0",
      "munmap(0x55551000, 4096) = 0",
      "setrlimit(RLIMIT_DATA, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0",
      "prlimit64(0, RLIMIT_DATA, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0",
      "mincore(0x55550000, 4096, [0]) = 0",
      "",
    ]);
  });

  it.each([
    "[pid 12345] ",
    "12345 ",
    "[pid    12<malloc>] ",
    "10:33:01 ",
    "10:33:01.123456 ",
    "1700000000.123456 ",
    "     0.000123 ",
    "10:33:01 (+     0.000000) ",
    "12345 10:33:01.123456 ",
    "[pid  1234] 1700000000.123456 ",
    "[00007f5b0f2b2e5b] ",
    "[  11] ",
    "  ",
  ])("may have the prefix %j, and -T's time behind", async (prefix) => {
    const text = `${prefix}munmap(0x10000000, 4096)            = 0 <0.000012>\n`;
    expect(await shown(text)).toBe("munmap(0x10000000, 4096) = 0\n");
  });

  it("are put together where another thread came in between", async () => {
    const text = `[pid 1] mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS <unfinished ...>
[pid 2] munmap(0x10000000, 4096 <unfinished ...>
strace: Process 3 attached
[pid 1] <... mmap resumed>, -1, 0) = 0x7f0000000000
[pid 2] <... munmap resumed>) = 0
[pid 1] munmap(0x7f0000000000, 4096) = 0
--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=3} ---
[pid 2] +++ exited with 0 +++
`;
    expect(await shown(text)).toBe(
      "mmap2(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x55550000\n" +
        "munmap(0x10000000, 4096) = 0\nmunmap(0x55550000, 4096) = 0\n",
    );
  });

  it("ltrace's name blocks", async () => {
    const text = `malloc(24)                      = 0x5581a2b0
ls->calloc(3, 8)                = 0x5581a2d0
realloc(0x5581a2d0, 300000)     = 0x5581b000
free(0x5581a2b0)                = <void>
free(0x5581b000)                = <void>
`;
    expect(await shown(text, "-e", "!brk")).toBe(
      "mmap2(NULL, 303104, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x55550000\n" +
        "munmap(0x55550000, 303104) = 0\n",
    );
  });

  it("are left out with a remark where this process has nothing of the kind", async () => {
    const text = `execve("/bin/true", ["true", "a(b"], 0x7ffe5c0b5a60 /* 24 vars */) = 0
openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3</etc/ld.so.cache>
mmap(NULL, 24475, PROT_READ, MAP_PRIVATE, 3</etc/ld.so.cache>, 0) = 0x7f6d0a9bf000
mprotect(0x7f6d0a9ab000, 16384, PROT_READ) = 0
brk(0x55d8c9f9b000) = 0x55d8c9f9b000
munmap(NULL, 0) = 0
exit_group(0) = ?
`;
    const { code, stdout, stderr } = await script(text, "-a", "0");
    expect(stdout).toBe("munmap(NULL, 0) = -1 EINVAL (Invalid argument)\n");
    expect(stderr.trimEnd().split("\n")).toEqual([
      "ptmalloc-wasm: <stdin>: left out: calls that are not about memory, " +
        "lines 1 (execve), 2 (openat), 7 (exit_group)",
      "ptmalloc-wasm: <stdin>: left out: mappings of files that the script does not open, line 3",
      "ptmalloc-wasm: <stdin>: left out: calls on addresses that no line before gives, lines 4, 5",
      "ptmalloc-wasm: <stdin>: lines that end otherwise here: 6 (success there, EINVAL here)",
    ]);
    expect(code).toBe(0);
  });

  it("of our own can be run again, and give the same", async () => {
    const first = await shown(`mallopt(M_MMAP_MAX, 0)
a = mmap(NULL, 3*4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
mprotect(a + 4096, 4096, PROT_READ); mmap(a, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
getrlimit(RLIMIT_AS); setrlimit(RLIMIT_AS, 1 << 30, -1); munmap(a + 1, 4096); madvise(a, 4096, 77)
mlock(a, 4096); munlock(a, 4096); mincore(a, 8192); brk(0)
`);
    expect(first.split("\n")).toHaveLength(12);
    expect(await shown(first)).toBe(first);
  });
});
