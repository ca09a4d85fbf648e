/* What cmark's build would write for a static library. */

#define CMARK_EXPORT
