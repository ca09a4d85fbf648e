// strace-file-calls.h: the part of strace-calls.c that is about files; it needs what stands above
// its inclusion there.

#define FILE_BYTES 4096

static unsigned long descriptors[6];
static unsigned char *page_end;  // memory ends here

/**
 * A byte such as strings are made of: letters, what has an escape of its own, digits behind what is
 * octal, anything.
 */
static unsigned char string_byte(void) {
  static const char special[] = "\"\\\n\t\r\v\f\a\b?'%~ \177";
  switch (below(5)) {
  case 0:
    return (unsigned char)special[below(sizeof special - 1)];
  case 1:
    return (unsigned char)('0' + below(10));
  case 2:
    return (unsigned char)below(32);
  case 3:
    return (unsigned char)below(256);
  default:
    return (unsigned char)('a' + below(26));
  }
}

/** The arguments that say where in a file: one register, or two. */
#ifdef __i386__
#define POSITION(position) (unsigned long)(position), (unsigned long)((uint64_t)(position) >> 32)
#else
#define POSITION(position) (unsigned long)(position), 0
#endif

static uint64_t position(void) {
  static const uint64_t odd[] = {0, 1, 4095, 4096, 0x7fffffff, 0x80000000, 0xffffffff, 1ULL << 32, (1ULL << 40) + 1,
                                 (1ULL << 63) - 1, 1ULL << 63, ~0ULL};
  return below(2) ? below(FILE_BYTES) : odd[below(12)];
}

static void random_transfer(void) {
  static const unsigned long counts[] = {0, 1, 2, 31, 32, 33, 34, 64, 10, 11};
  // A few bytes before the end of memory: as many as are shown, or fewer.
  const size_t room = below(2) ? 10 : 32;
  const unsigned long addresses[] = {0, 1, (unsigned long)page_end - room, (unsigned long)buffer, (unsigned long)buffer,
                                     (unsigned long)buffer};
  const unsigned long where = addresses[below(6)];
  const unsigned long bytes = counts[below(10)];
  const int is_write = below(2) != 0;
  noted = where == addresses[2] ? page_end - room : buffer;
  const size_t shown = noted == buffer ? 80 : room;
  for (size_t i = 0; is_write && i < shown; i++) noted[i] = string_byte();
  // What is written stays within the file, which is in memory.
  const uint64_t at = is_write && below(4) ? below(FILE_BYTES) : position();
  const unsigned long fd = descriptors[below(below(2) ? 2 : 6)];
  call(is_write ? SYS_pwrite64 : SYS_pread64, fd, where, bytes, POSITION(at), 0, shown);
  noted = buffer;
}

static void random_file_call(void) {
  const unsigned long fd = descriptors[below(6)];
  switch (below(8)) {
  case 0:
    call(SYS_fsync, fd, 0, 0, 0, 0, 0, 0);
    break;
  case 1:
    call(SYS_fdatasync, fd, 0, 0, 0, 0, 0, 0);
    break;
  case 2:
    call(SYS_ftruncate, fd, (unsigned long)position(), 0, 0, 0, 0, 0);
    break;
#ifdef SYS_ftruncate64
  case 3: {
    const uint64_t length = position();
    call(SYS_ftruncate64, fd, POSITION(length), 0, 0, 0, 0);
    break;
  }
#endif
  case 4:
    call(SYS_close, 100 + below(1000), 0, 0, 0, 0, 0, 0);
    break;
  default:
    random_transfer();
  }
}

/**
 * What the calls on files are made on: a file (twice), what cannot be read, what cannot be written,
 * what has no positions, nothing.
 */
static void open_files(void) {
  int ends[2];
  page_end = (unsigned char *)mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + PAGE;
  munmap(page_end, PAGE);
  descriptors[0] = descriptors[1] = (unsigned long)memfd_create("file", 0);
  descriptors[2] = (unsigned long)open("/dev/zero", O_WRONLY);
  descriptors[3] = (unsigned long)open("/", O_RDONLY | O_DIRECTORY);
  descriptors[4] = pipe(ends) == 0 ? (unsigned long)ends[0] : 0;
  descriptors[5] = 0x80000001;
}

static void file_calls(void) {
  for (size_t i = 0; i < FILE_BYTES; i += sizeof buffer) {
    for (size_t j = 0; j < sizeof buffer; j++) buffer[j] = string_byte();
    call(SYS_pwrite64, descriptors[0], (unsigned long)buffer, sizeof buffer, POSITION(i), 0, 80);
  }
  for (int i = 0; i < 1500; i++) {
    random_file_call();
    // Unless it was cut short, or made very long, there is something to read.
    if (i % 16 == 0) call(SYS_ftruncate, descriptors[0], FILE_BYTES, 0, 0, 0, 0, 0);
  }
  for (int i = 0; i < 6; i++) call(SYS_close, descriptors[i], 0, 0, 0, 0, 0, 0);
}
