// version.h: which glibc a program here is built for: -DGLIBC_MINOR=N is glibc 2.N, without it
// 2.36.
#ifndef VERSION_H
#define VERSION_H
#include <gnu/libc-version.h>
#include <stdlib.h>
#include "../../../recorder/io.h"

#ifndef GLIBC_MINOR
#define GLIBC_MINOR 36
#endif

// What a program built for one version says of another would be wrong.
static void __attribute__((constructor)) check_version(void) {
  const char *version = gnu_get_libc_version();
  if (strncmp(version, "2.", 2) || strtol(version + 2, NULL, 10) != GLIBC_MINOR)
    die("this program is for another glibc than the one it runs with", version);
  // For the text of tunables.
  loader_uses_break = GLIBC_MINOR < 35 && getenv("GLIBC_TUNABLES");
}
#endif
