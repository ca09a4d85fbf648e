// Numbers of <sys/mman.h>: rights, kinds and flags of mappings. All of them are @host.

export const PROT_NONE: i32 = 0x0;
export const PROT_READ: i32 = 0x1;
export const PROT_WRITE: i32 = 0x2;
export const MAP_SHARED: i32 = 0x01;
export const MAP_PRIVATE: i32 = 0x02;
export const MAP_DROPPABLE: i32 = 0x08;
export const MAP_TYPE: i32 = 0x0f;
export const MAP_FIXED: i32 = 0x10;
export const MAP_ANONYMOUS: i32 = 0x20;
export const MAP_32BIT: i32 = 0x40;
export const MAP_GROWSDOWN: i32 = 0x100;
export const MAP_LOCKED: i32 = 0x2000;
export const MAP_NORESERVE: i32 = 0x4000;
export const MAP_POPULATE: i32 = 0x8000;
export const MAP_NONBLOCK: i32 = 0x10000;
export const MAP_STACK: i32 = 0x20000;
export const MAP_HUGETLB: i32 = 0x40000;
export const MAP_FIXED_NOREPLACE: i32 = 0x100000;
export const MAP_SHARED_VALIDATE: i32 = 0x03;
export const MAP_DENYWRITE: i32 = 0x800;
export const MAP_EXECUTABLE: i32 = 0x1000;
export const MAP_ABOVE4G: i32 = 0x80; // since 6.6
export const MAP_UNINITIALIZED: i32 = 0x4000000;
/**
 * The binary logarithm of a huge page's size is in mmap's flags from this bit on; 0 stands for the
 * default.
 */
export const MAP_HUGE_SHIFT: i32 = 26;
/**
 * What MAP_SHARED_VALIDATE knows besides the type (LEGACY_MAP_MASK; the sizes of huge pages have
 * bits of the same field).
 */
export const KNOWN_FLAGS: i32 =
  MAP_FIXED |
  MAP_ANONYMOUS |
  MAP_32BIT |
  MAP_GROWSDOWN |
  MAP_DENYWRITE |
  MAP_EXECUTABLE |
  MAP_LOCKED |
  MAP_NORESERVE |
  MAP_POPULATE |
  MAP_NONBLOCK |
  MAP_STACK |
  MAP_HUGETLB |
  MAP_UNINITIALIZED |
  (21 << MAP_HUGE_SHIFT) |
  (30 << MAP_HUGE_SHIFT);

/** mremap's flags. @host */
export const MREMAP_MAYMOVE: i32 = 1;
export const MREMAP_FIXED: i32 = 2;
export const MREMAP_DONTUNMAP: i32 = 4;
