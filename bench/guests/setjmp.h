/* For Lua, whose headers include it: wasi-libc has none of its own without exceptions. See
   lua-wasi.h. */

typedef int jmp_buf;
