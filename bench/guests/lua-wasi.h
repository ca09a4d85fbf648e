/* Included before Lua's sources, to compile them for WASI: errors end the program (there is no
   longjmp), and there are no processes and no temporary files. The allocator's work is untouched.
   */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define LUAI_THROW(state, jump) abort ()
#define LUAI_TRY(state, jump, action) { action }
#define luai_jmpbuf int

#define LUA_TMPNAMBUFSIZE 32
#define lua_tmpnam(buffer, error) { error = 1; }
#define system(command) (-1)
#define tmpfile() ((FILE *) 0)
