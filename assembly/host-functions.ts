// What a host needs besides C's functions: to start a process and its threads, to set it up, and to
// find its structs.

export { mallocMany as malloc_many, freeMany as free_many } from "./many";
export { setParameter as mallopt, setTunableValue as set_tunable } from "./malloc/parameters";
export { threadExit as thread_exit } from "./malloc/thread-exit";
export {
  mmStruct as mm_struct,
  mallocPar as malloc_par,
  mainArenaAddress as main_arena,
  tcacheAddress as tcache,
  threadData as thread_data,
} from "./libc";
export {
  initialize,
  attach,
  kernelBytes as kernel_bytes,
  setTcacheKey as set_tcache_key,
  scratch,
} from "./process";
