// The readers: every form of line that the programs print, and what breaks their rules.

import { describe, expect, it } from "vitest";
import { failure, imported, linesOf } from "./support.js";

describe("ltrace", () => {
  it("reads calls of C and C++, and passes over others", () => {
    const text = `mtrace()                                         = <void>
malloc(24)                                       = 0x55ed4705e2a0
calloc(3, 8)                                     = 0x55ed4705e2c0
realloc(0x55ed4705e2a0, 100)                     = 0x55ed4705e2e0
memalign(64, 10, 0x7f592dc25c60, 0)              = 0x55ed4705e380
printf("malloc(%d) = 0x1\\n", 3)                  = 14
u->_Znwm(4, 0x7ffe, 0) = 0x10
operator new[](unsigned long)(40, 1, 2)          = 0x20
_ZnwmSt11align_val_t(64, 128, 1) = 0x30
operator delete(void*)(0x10)                     = <void>
valloc(10, 0x55ed4705e2c0) = 0x55ed4705f000
reallocarray(0, 3, 4, 5) = 0x40
malloc(18446744073709551615) = 0
realloc(0x40, -1) = nil
free(0x55ed4705e2c0) = <void>
free(0) = <void>
realloc(0x55ed4705e2e0, 0) = 0
exit(0 <no return ...>
+++ exited (status 0) +++
`;
    expect(linesOf(text)).toEqual([
      ...["a 0 24", "c 1 3 8", "r 0 100", "m 2 64 10", "a 3 4 # u", "a 4 40", "m 5 128 64", "f 3"],
      ...["m 3 4096 10", "r 6 12", "a -1 18446744073709551615", "r 6 18446744073709551615", "f 1"],
      ...["f -1", "r 0 0"],
    ]);
  });

  it("with -f: threads, unfinished calls, calls within calls, stacks", () => {
    const text = `7 u->_Znam(40, 1, 0 <unfinished ...>
7 libstdc++.so.6->malloc(40) = 0x10
7 <... _Znam resumed> ) = 0x10
7 u->fill("(", 3 <unfinished ...>
7 libu.so->grow(1 <unfinished ...>
7 libu.so->malloc(5 <unfinished ...>
8 u->realloc(0x10, 200 <unfinished ...>
7 <... malloc resumed> ) = 0x10
8 <... realloc resumed> ) = 0x50
7 <... grow resumed> ) = 0
7 <... fill resumed> , "x") = 3
8 u->free(0x50 <unfinished ...>
7 u->malloc(6) = 0x50
8 <... free resumed> ) = <void>
8 +++ exited (status 0) +++
7 u->_ZdaPv(0x10, 40 <unfinished ...>
7 libstdc++.so.6->free(0x10) = <void>
7 <... _ZdaPv resumed> ) = 0
7 +++ exited (status 0) +++
`;
    expect(linesOf(text)).toEqual([
      ...["a 0 40 # u", "a 1 5 # grow <- fill <- u", "t 1", "r 0 200 # u", "f 0 # u"],
      ...["t 0", "a 0 6 # u", "x 1", "f 1 # u"],
    ]);
  });

  it("the same on a terminal, with times, pointers and indentation", () => {
    const text = `[pid 7] 09:30:01.123456 [0x4011aa] u->malloc(24)   = 0x10 <0.000123>
[pid 7] 09:30:02 [0x4011bb]   u->free(0x10) = <void> <0.000004>
[pid 7] 1669783801.5 malloc(1) = 0x10
[pid 7] --- SIGCHLD (Child exited) ---
`;
    expect(linesOf(text)).toEqual(["a 0 24 # u <- 0x4011aa", "f 0 # u <- 0x4011bb", "a 0 1"]);
  });

  it("a block of posix_memalign has the address of the call within it, if any", () => {
    const text = `posix_memalign(0x7ffe, 128, 5 <unfinished ...>
aligned_alloc(128, 5) = 0x80
<... posix_memalign resumed> ) = 0
free(0x80) = <void>
posix_memalign(0x7ffe, 256, 6, 3) = 0
posix_memalign(0x7ffe, 3, 7, 3) = 22
`;
    const { notes } = imported(text);
    expect(linesOf(text)).toEqual(["m 0 128 5", "f 0", "m -1 256 6", "m -1 3 7"]);
    expect(notes).toEqual(["blocks whose address it does not tell, never freed: 1 (line 5)"]);
  });

  it("calls that never return, and a last line that is cut", () => {
    const { notes, operations } = imported(
      "1 malloc(1) = 0x1\n2 malloc(3 <unfinished ...>\nmalloc(",
    );
    expect(operations).toBe(1);
    expect(notes).toEqual([
      "lines that are cut short, left out: 1 (line 3)",
      "calls that never return, left out: 1 (line 3)",
      "blocks that are not freed by its end: 1",
    ]);
  });

  it.each([
    ["malloc(x) = 0x1", 'rec:1: argument "x" is not a whole number of 64 bits'],
    ["malloc(1) = 0x1\ncalloc(1) = 0x2", "rec:2: 2 arguments expected, not (1)"],
    ["malloc(1) = what", 'rec:1: result "what" is not an address (0x…)'],
    ["free(0x1) = 0\nmalloc(24\nfree(0x1) = 0", /^rec:2: "malloc\(24" is no call of ltrace's/],
    ['puts("x") = 1', "rec: there is no allocation call in it, as ltrace writes them"],
  ])("%j is refused", (text, message) => {
    expect(failure(text, "ltrace")).toMatch(message);
  });
});

describe("bpftrace", () => {
  const text = `Attaching 19 probes...
# malloc.bt 1
7 malloc(24) = 0x10
        malloc+0
        grow(int)+18
        main+0x2d
        0x7f12

8 realloc(0x10, 100 <unfinished ...>
7 calloc(2, 3) = 0x10
        __libc_calloc+0
        f+1
8 <... realloc resumed> ) = 0x50
        realloc+0
        main+5
7 free(0x50) = <void>
        cfree+0
        main+9
`;

  it("has stacks below the calls", () => {
    expect(imported(text).format).toBe("bpftrace");
    expect(linesOf(text)).toEqual([
      "a 0 24 # grow(int) <- main <- 0x7f12",
      "c 1 2 3 # f",
      ...["t 1", "r 0 100 # main", "t 0", "f 0 # main"],
    ]);
  });
});

describe("mtrace", () => {
  it("reads what mtrace(3) writes", () => {
    const text = `= Start
@ ./t:(main+17)[0x11e0] + 0x55f7436872a0 0x18
@ ./t:(main+3f)[0x1208] < 0x55f7436872a0
@ ./t:(main+3f)[0x1208] > 0x55f7436874c0 0x64
+ (nil) 0xffffffffffffffff
@ ./t:[0x126b] ! 0x55f7436874c0 0xffffffffffffffff
- 0x55f7436874c0
- 0x77
= End
`;
    const { notes, format } = imported(text);
    expect(format).toBe("mtrace");
    expect(linesOf(text)).toEqual([
      "a 0 24 # ./t:(main+17)[0x11e0]",
      "r 0 100 # ./t:(main+3f)[0x1208]",
      "a -1 18446744073709551615",
      "r 0 18446744073709551615 # ./t:[0x126b]",
      "f 0",
    ]);
    expect(notes).toEqual(["frees of blocks whose allocation it has not, left out: 1 (line 8)"]);
  });

  it.each([
    ["+ 0x1 0x2\nmalloc", /^rec:2: "malloc" is no line of mtrace's/],
    ["+ 0x1", 'rec:1: an address and a size expected, both hex (0x…), not "0x1"'],
    ["- 0x1g", 'rec:1: an address expected, both hex (0x…), not "0x1g"'],
    ["+ 0x1 0x1\n< 0x1\n- 0x1", /^rec:3: a line with "<" is followed by one with ">"/],
    ["> 0x1 0x2", /^rec:1: a line with "<"/],
    ["= Start\n", "rec: there is no allocation call in it, as mtrace writes them"],
  ])("%j is refused", (text, message) => {
    expect(failure(text, "mtrace")).toContain(typeof message === "string" ? message : "");
    expect(failure(text, "mtrace")).toMatch(message instanceof RegExp ? message : /./);
  });
});

describe("valgrind", () => {
  it("reads its lines among others", () => {
    const text = `==9== Memcheck, a memory error detector
--9-- malloc(24) = 0x4A41040
--9-- calloc(3,8) = 0x4A410A0
--9-- realloc(0x4A41040,100) = 0x4A41100
--9-- memalign(al 64, size 10) = 0x4A41200
--9-- malloc(18446744073709551615)Argument 'size' of function malloc has a fishy value: -1
==9==    at 0x48417B4: malloc (in /usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so)
--9--  = 0x0
--9-- realloc(0x4A41100,0)free(0x4A41100)
--9--  = 0
--9-- realloc(0x0,12)malloc(12) = 0x4A41360
--9-- _ZnwmSt11align_val_t(size 64, al 128) = 0x4D6ED80
hello
--10-- malloc(1) = 0x1
--9-- _ZdlPvmSt11align_val_t(0x4D6ED80)
--9-- free(0x4A410A0)
--9-- free(0x0)
--9-- free(0x0)
`;
    const { notes, format } = imported(text);
    expect(format).toBe("valgrind");
    expect(linesOf(text)).toEqual([
      ...["a 0 24", "c 1 3 8", "r 0 100", "m 2 64 10", "a -1 18446744073709551615", "r 0 0"],
      ...["r 0 12", "m 3 128 64", "f 3", "f 1"],
    ]);
    expect(notes).toEqual([
      "calls of other processes, left out: 1 (line 14)",
      "frees of NULL, left out: 2 (first on line 17)",
      "blocks that are not freed by its end: 2",
    ]);
  });

  it.each([
    ["--9-- malloc(zz) = 0x1", 'rec:1: argument "zz" is not a whole number of 64 bits'],
    ["--9-- malloc(1) = zz", 'rec:1: result "zz" is not an address (0x…)'],
  ])("%j is refused", (text, message) => {
    expect(failure(text)).toBe(message);
  });
});

describe("heaptrack", () => {
  const BODY = `X ./t
I 1000 5e2919
s 4 main
s 3 t.c
s 7 libt.so
s 4 f(x)
i 401000 3 1 2 4
i 401010 3 4 2 4 1 2 9
i 401020 3
t 1 0
t 2 1
t 3 2
a 18 2
a 64 3
+ 0
+ 0
c 1
R 3a9
- 0
+ 1
- 1
- 1
`;
  const LINES = [
    ...["a 0 24 # f(x) <- main <- main", "a 1 24 # f(x) <- main <- main", "f 1"],
    ...["a 1 100 # libt.so <- f(x) <- main <- main", "f 1"],
  ];

  it("reads version 3, whose strings have their length in front", () => {
    const { notes, format } = imported(`v 10400 3\n${BODY}# strings: 4\n`);
    expect(format).toBe("heaptrack");
    expect(linesOf(`v 10400 3\n${BODY}`)).toEqual(LINES);
    expect(notes).toEqual([
      "frees of blocks whose allocation it has not, left out: 1 (line 23)",
      "blocks that are not freed by its end: 1",
    ]);
  });

  it.each(["v 10200", "v 10000 1", "v 10300 2"])("reads older versions: %s", (head) => {
    expect(linesOf(`${head}\n${BODY.replaceAll(/^s \d /gm, "s ")}`)).toEqual(LINES);
  });

  it("reads version 0 and raw files, which have addresses", () => {
    const raw = `v 10400 3
x 9 /tmp/wx/t
m 1 -
m 1 x 400000 0 980 1000 2e9
m b /lib/l b.so 7f00 0 100
t 401234 0
t 7f10 1
+ 18 2 55d0
+ 18 2 55e0
- 55d0
t 99999999 0
+ 1 3 55d0
`;
    expect(linesOf(raw)).toEqual([
      "a 0 24 # l b.so+0x10 <- t+0x1234",
      "a 1 24 # l b.so+0x10 <- t+0x1234",
      ...["f 0", "a 0 1 # 0x99999999"],
    ]);
    expect(linesOf("v 10100\ns main\ni 1 0 1\nt 1 0\n+ 18 1 77\n- 77\n")).toEqual([
      ...["a 0 24 # main", "f 0"],
    ]);
  });

  it.each([
    ["+ 0", /^rec:1: a data file of heaptrack begins with its version/],
    ["v 10400 4", /^rec:1: format version 4, and versions up to 3 are known/],
    ["v 10400 3\n+ 0", /^rec:2: there is no allocation 0 so far/],
    ["v 10400 3\na 18 1", /^rec:2: there is no stack 1 so far/],
    ["v 10400 3\na 18", /^rec:2: "18" does not fit "a SIZE STACK"/],
    ["v 10400 3\nt 1 0", /^rec:2: there is no instruction pointer 1 so far/],
    ["v 10400 3\ni 1 2", /^rec:2: there is no string 2 so far/],
    ["v 10400 3\na zz 0", /^rec:2: "zz" is not a number in hex/],
    ["v 10400 3\nq", /^rec:2: "q" begins no line of heaptrack's/],
    ["v 10400 3\n", /^rec: there is no allocation call in it, as heaptrack writes them/],
  ])("%j is refused", (text, message) => {
    expect(failure(text, "heaptrack")).toMatch(message);
  });
});

describe("what a recording lacks", () => {
  it("an address that comes again is freed first; unknown blocks are noted", () => {
    const text = `malloc(1) = 0x1
malloc(2) = 0x1
realloc(0x9, 3) = 0x9
realloc(0x8, 3) = 0
realloc(0x9, 4) = 0x1
free(0x7) = <void>
`;
    expect(linesOf(text)).toEqual(["a 0 1", "f 0", "a 0 2", "r 1 3", "f 0", "r 1 4"]);
    expect(imported(text).notes).toEqual([
      "addresses that come again without a free, freed in front of it: 2 (first on line 2)",
      "reallocs of blocks whose allocation it has not, taken for new blocks: 1 (line 3)",
      "reallocs to NULL of blocks whose allocation it has not, left out: 1 (line 4)",
      "frees of blocks whose allocation it has not, left out: 1 (line 6)",
      "blocks that are not freed by its end: 1",
    ]);
  });

  it("what is no recording", () => {
    expect(failure("")).toBe("rec: no recording that is known: it is empty");
    expect(failure("hello\n")).toMatch(/it is none of heaptrack, mtrace, ltrace, valgrind, bpf/);
  });
});
