/* What cmark's build would find out about the compiler: this one is clang. */

#include <stdbool.h>

#define CMARK_INLINE inline
#define CMARK_ATTRIBUTE(list) __attribute__ (list)
#define HAVE___BUILTIN_EXPECT
