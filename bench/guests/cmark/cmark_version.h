/* What cmark's build would write: the version, which only --version shows. */

#define CMARK_VERSION 0
#define CMARK_VERSION_STRING "of Debian's source"
