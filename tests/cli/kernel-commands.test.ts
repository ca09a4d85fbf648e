import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { run } from "./run.js";
import { scratch, shown } from "./scratch.js";

const SYN13 = fileURLToPath(new URL("../../traces/syn13.rep.gz", import.meta.url));
/** Two blocks in the heap and a mapped one; then the mapping goes. */
const SMALL = "0\n3\n4\n1\na 0 24\na 1 200000\na 2 5000\nf 1\n";
const place = scratch("kernel");
const { file } = place;

async function json(args: string[], stdin = ""): Promise<Record<string, unknown>> {
  return JSON.parse(await shown([...args, "--json"], stdin)) as Record<string, unknown>;
}

describe("maps", () => {
  it("of a fresh heap after one malloc", async () => {
    const heap =
      "01000000-01022000 rw-p 00000000 00:00 0                                  [heap]\n";
    expect(await shown(["maps"])).toBe(heap);
    expect(await shown(["maps", "--abi", "lp64"])).toBe(heap.replace("22000", "21000"));
  });

  it("of a trace, at a moment", async () => {
    const lines = async (...args: string[]) =>
      (await shown(["maps", "-", ...args], SMALL)).trimEnd().split("\n");
    expect(await lines("--at", "0")).toEqual([""]);
    expect(await lines("--at", "1")).toHaveLength(1);
    expect((await lines("--at", "2"))[1]).toMatch(/^55550000-55581000 rw-p 00000000 00:00 0 *$/);
    expect(await lines()).toHaveLength(1);
    expect((await lines("--at", "3", "--layout", "top-down"))[1]).toMatch(/^f7f/);
    expect(await lines("--tunables", "glibc.malloc.mmap_max=0", "--at", "3")).toHaveLength(1);
    const some = [
      "--lenient-tunables",
      "--tunables",
      "glibc.malloc.nope=1:glibc.malloc.mmap_max=0",
    ];
    expect(await lines(...some, "--at", "3")).toHaveLength(1);
  });

  it("as JSON", async () => {
    expect(await json(["maps"])).toMatchObject({
      format: "ptmalloc-wasm maps 1",
      abi: "ilp32",
      regions: [
        {
          start: 0x1000000,
          end: 0x1022000,
          permissions: "rw-p",
          name: "[heap]",
          flags: ["rd", "wr", "mr", "mw", "me", "ac"],
        },
      ],
    });
  });
});

describe("smaps", () => {
  it("counts the pages of the blocks", async () => {
    const text = await shown(["smaps", "-", "--at", "2"], SMALL);
    const rss = [...text.matchAll(/^Rss: +(\d+) kB$/gm)].map(([, kb]) => Number(kb));
    expect(rss).toEqual([4, 196]);
    expect(text).toMatch(/^VmFlags: rd wr mr mw me ac $/m);
  });

  it("without the blocks only what malloc itself writes; sums", async () => {
    const text = await shown(["smaps", "--rollup", "--no-touch", "-"], SMALL);
    expect(text).toMatch(/^01000000-\w+ ---p 00000000 00:00 0 {34}\[rollup]\nRss: +4 kB\n/);
    const { regions } = await json(["smaps"]);
    expect(regions).toMatchObject([{ pages: { resident: 1, dirty: 1, anonymous: 1, lazy: 0 } }]);
  });
});

describe("mm", () => {
  it("shows mm_struct with what it means", async () => {
    const text = await shown(["mm"]);
    expect(text).toMatch(/^struct mm_struct {\n {2}start_brk +=/);
    expect(text).toMatch(/^ {2}brk += 0x1022000 +the program break, exact to the byte$/m);
    expect(text).toMatch(/^ {2}total_vm += 34 pages {2,}mapped$/m);
  });

  it("as JSON, and the files made of it", async () => {
    const { mm_struct: mm } = await json(["mm", SYN13]);
    expect(mm).toMatchObject({ start_brk: 0x1000000, map_count: 1, locked_vm: 0 });
    expect(await shown(["mm", "--proc", "statm"])).toBe("34 1 0 0 0 34 0\n");
    expect(await shown(["mm", "--proc", "status"])).toMatch(/^VmPeak:\t +136 kB\nVmSize:/);
    expect((await shown(["mm", "--proc", "stat"])).split(" ")).toHaveLength(52);
  });
});

describe("strace replay", () => {
  it("shows what malloc asks of the kernel", async () => {
    expect(await shown(["strace", "replay", "-"], SMALL)).toBe(
      "brk(NULL)                               = 0x1000000\n" +
        "brk(0x1021000)                          = 0x1021000\n" +
        "brk(0x1022000)                          = 0x1022000\n" +
        "mmap2(NULL, 200704, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x55550000\n" +
        "munmap(0x55550000, 200704)              = 0\n",
    );
  });

  it("filters, counts, aligns", async () => {
    const replay = (...args: string[]) => shown(["strace", "replay", ...args, "-"], SMALL);
    expect(await replay("-e", "munmap", "-a", "0")).toBe("munmap(0x55550000, 200704) = 0\n");
    expect(await replay("-e", "trace=!brk", "-e", "status=failed")).toBe("");
    const table = await replay("-c", "-S", "calls");
    expect(
      table
        .split("\n")
        .slice(2, 5)
        .map((line) => line.slice(31).trim()),
    ).toEqual(["3           brk", "1           munmap", "1           mmap2"]);
  });

  it("as JSON", async () => {
    const report = await json(["strace", "replay", "-e", "munmap", "-"], SMALL);
    expect(report).toMatchObject({
      format: "ptmalloc-wasm strace 1",
      abi: "ilp32",
      calls: [
        {
          name: "munmap",
          number: 91,
          args: ["0x55550000", "0x31000", "0x0", "0x0", "0x0", "0x0"],
          result: "0x0",
          error: null,
          text: "munmap(0x55550000, 200704)              = 0",
        },
      ],
      counts: [{ name: "munmap", nr: 91, calls: 1, errors: 0 }],
    });
  });
});

describe("strace script", () => {
  const script = (text: string, ...args: string[]) => run(["strace", "script", ...args, "-"], text);

  it("opens files, whose bytes are in them after msync", async () => {
    const path = join(place.folder, "with #.dat");
    const calls = [
      `fd = open("${path}", O_RDWR|O_CREAT, 0600) # a path may have a #`,
      "ftruncate(fd, 8192)",
      "a = mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)",
      "fill(a + 4096, 3, 65)",
      "msync(a, 8192, MS_SYNC)",
      "mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096)",
      "pread(fd, a, 4, 4096)",
      "close(fd)",
    ];
    const { code, stdout, stderr } = await script(calls.join("\n"), "--abi", "lp64", "-a", "0");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.replace(/0x55\w+/g, "AT").split("\n")).toEqual([
      "ftruncate(3, 8192) = 0",
      "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_SHARED, 3, 0) = AT",
      "msync(AT, 8192, MS_SYNC) = 0",
      "mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0x1000) = -1 EOPNOTSUPP (Operation not supported)",
      'pread64(3, "AAA\\0", 4, 4096) = 4',
      "close(3) = 0",
      "",
    ]);
    expect(readFileSync(path).subarray(4096, 4100)).toEqual(Buffer.from("AAA\0"));
  });

  it("takes numbers where numbers are wanted, and a path where that is", async () => {
    expect((await script('malloc("x")')).stderr).toContain(
      '<stdin>:1:1: a number was expected, not "x"',
    );
    expect((await script("open(1, 0)")).stderr).toContain(
      "<stdin>:1:1: open takes a path in quotes",
    );
  });

  it("runs every call that there is", async () => {
    const calls = [
      "a = mmap(NULL, 8*4096)            # the rest has defaults",
      "mprotect(a, 4096, PROT_READ)",
      "b = mremap(a + 4*4096, 4096, 4096*(1+1), MREMAP_MAYMOVE)",
      "madvise(a, 4096, MADV_DONTNEED)",
      "msync(a, 4096, MS_SYNC)",
      "write(a + 4096, 4096)",
      "mincore(a, 3*4096)",
      "mlock(a, 4096)",
      "mlock2(a, 4096, MLOCK_ONFAULT)",
      "munlock(a, 4096)",
      "mlockall(MCL_CURRENT)",
      "munlockall()",
      "getrlimit(RLIMIT_AS)",
      "setrlimit(RLIMIT_AS, 3000000*1024, -1)",
      "prlimit(RLIMIT_AS)",
      "syscall(9999, 1)",
      "munmap(a, -1)",
    ];
    const { code, stdout, stderr } = await script(calls.join("\n"), "-a", "0");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.replaceAll(/0x555\w+/g, "A").split("\n")).toEqual([
      "mmap2(NULL, 32768, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = A",
      "mprotect(A, 4096, PROT_READ) = 0",
      "mremap(A, 4096, 8192, MREMAP_MAYMOVE) = A",
      "madvise(A, 4096, MADV_DONTNEED) = 0",
      "msync(A, 4096, MS_SYNC) = 0",
      "mincore(A, 12288, [0, 1, 0]) = 0",
      "mlock(A, 4096) = 0",
      "mlock2(A, 4096, MLOCK_ONFAULT) = 0",
      "munlock(A, 4096) = 0",
      "mlockall(MCL_CURRENT) = 0",
      "munlockall() = 0",
      "ugetrlimit(RLIMIT_AS, {rlim_cur=RLIM_INFINITY, rlim_max=RLIM_INFINITY}) = 0",
      "setrlimit(RLIMIT_AS, {rlim_cur=3000000*1024, rlim_max=RLIM_INFINITY}) = 0",
      "prlimit64(0, RLIMIT_AS, NULL, {rlim_cur=3000000*1024, rlim_max=RLIM64_INFINITY}) = 0",
      "syscall_0x270f(0x1, 0, 0, 0, 0, 0) = -1 ENOSYS (Function not implemented)",
      "munmap(A, 4294967295) = -1 EINVAL (Invalid argument)",
      "",
    ]);
  });

  it("the allocator's functions, texts and settings too", async () => {
    const calls = `sysctl(OVERCOMMIT_MEMORY, 2)
sysctl(TOTAL_RAM_PAGES, 16)
p = malloc(24)
q = calloc(3, 8)
q = realloc(q, 100)
r = memalign(64, 10)
free(p)
malloc_trim(0)
mallopt(-1, 0)
statm()
status()
smaps_rollup()
mmap(NULL, 100*1024*1024)
`;
    const { code, stdout } = await script(calls, "--abi", "lp64");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^VmSize:\t/m);
    expect(stdout).toMatch(/\[rollup]$/m);
    expect(stdout).toMatch(/= -1 ENOMEM \(Cannot allocate memory\)\n$/);
  });

  it("ends at an access that a signal would answer", async () => {
    const { code, stdout, stderr } = await script("write(16, 1)\nbrk(0)\n");
    expect(code).toBe(1);
    expect(stdout).toBe(
      "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---\n" +
        "+++ killed by SIGSEGV +++\n",
    );
    expect(stderr).toBe(
      "ptmalloc-wasm: <stdin>:1: SIGSEGV (SEGV_MAPERR): write at 0x10, nothing is mapped there\n",
    );
  });

  it.each([
    ["brk(0)\nfoo(1)", /:2:\d+: unknown call 'foo' \(there are brk, sbrk, /],
    ["brk(0)\nfree(1, 2)", /:2:\d+: free takes 1 argument, not 2$/],
    ["mmap(1)", /:1:\d+: mmap takes 2 to 6 arguments, not 1$/],
    ["malloc(", /:1:7: this \( has no \)$/],
    ["malloc(b)", /:1:\d+: there is no 'b'$/],
    ["malloc(1 2)", /:1:10: unexpected '2': a , or \) was expected$/],
    ["malloc(1 +)", /:1:11: unexpected '\)': a value was expected$/],
    ["malloc((1)", /:1:7: this \( has no \)$/],
    ["malloc(*)", /:1:\d+: memory is read with read\(ADDRESS, LENGTH\)/],
    ["malloc(0129)", /:1:\d+: 0129 is octal, without 8 or 9$/],
    ["brk(0x10000000000000000)", /:1:\d+: 0x10000000000000000 does not fit into 64 bits$/],
    [
      'brk(0)\nopen("/no/such/file", O_RDONLY)',
      /:2:\d+: cannot open \/no\/such\/file: No such file or/,
    ],
    ["malloc(99999999999)", /:1:\d+: 99999999999 \(0x174876e7ff\) does not fit a word of 32 bits/],
    ["sysctl(OVERCOMMIT_MEMORY, 7)", /:1:\d+: kernel option OVERCOMMIT_MEMORY cannot be 7$/],
    ["sysctl(77, 7)", /:1:\d+: sysctl takes one of OVERCOMMIT_MEMORY, /],
    [
      "a = mmap(0, 2000*4096)\nmincore(a, 300*4096)",
      /:2:\d+: mincore without a vector takes at most/,
    ],
    ["p = malloc(24)\nfree(p)\nfree(p)", /:3: free\(\): double free detected in tcache 2$/],
  ])("%j is refused", async (text, message) => {
    const { code, stderr } = await script(text);
    expect(stderr.trimEnd()).toMatch(message);
    expect(stderr).toMatch(/^ptmalloc-wasm: <stdin>:/);
    expect(code).toBe(1);
  });
});

describe("what is refused", () => {
  it.each([
    [["maps", "--at", "3"], /--at needs a FILE/],
    [["maps", "-", "--at", "5"], /--at 5: <stdin> has 4 operations/],
    [["maps", "-", "--at", "x"], /A whole number of at least 0 is needed/],
    [["maps", "--abi", "x32"], /Allowed choices are ilp32, lp64/],
    [["mm", "--tunables", "glibc.malloc.nope=1"], /no tunable "glibc\.malloc\.nope"/],
    [["mm", "--proc", "stat", "--json"], /'--json' cannot be used with option '--proc <file>'/],
    [["smaps", "--rollup", "--json"], /'--json' cannot be used with option '--rollup'/],
    [["strace"], /Usage: ptmalloc-wasm strace/],
    [["strace", "replay"], /missing required argument 'FILE'/],
    [["strace", "replay", "-e", "open", "-"], /invalid system call 'open' \(there are brk, /],
    [["strace", "replay", "-a", "-1", "-"], /A whole number from 0 to 999 is needed/],
    [["strace", "reply"], /unknown command 'reply'/],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await run(args, SMALL);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("a trace that is none, and a script that is missing", async () => {
    const none = await run(["maps", "nowhere.rep"]);
    expect(none.stderr).toMatch(/nowhere\.rep: no such file or directory/);
    expect(none.code).toBe(1);
    const bad = file("bad.rep", "0\n1\n2\n1\nq 0\n");
    expect((await run(["strace", "replay", bad])).stderr).toMatch(
      /bad\.rep:5:1: unknown operation/,
    );
    const missing = join(place.folder, "missing.txt");
    expect((await run(["strace", "script", missing])).stderr).toBe(
      `ptmalloc-wasm: ${missing}: no such file or directory\n`,
    );
  });
});

it.each([["maps"], ["smaps"], ["mm"], ["strace"], ["strace", "replay"], ["strace", "script"]])(
  "help of %s %s is at most 100 columns wide",
  async (...words) => {
    const help = await shown([...words.filter((word) => typeof word === "string"), "--help"]);
    expect(help).toContain(`Usage: ptmalloc-wasm ${words.join(" ")}`);
    expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  },
);
