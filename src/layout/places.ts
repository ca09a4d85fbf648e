// Where the structs of a process are that lead to all others.

/** Where the structs of a process are that lead to all others: addresses. */
export interface Places {
  /** mm_struct. */
  readonly mmStruct: number;
  /** libc's static variables: `LibcData`. */
  readonly libcData: number;
  /** malloc_par, mp_. */
  readonly mallocPar: number;
  /** The malloc_state of main_arena. */
  readonly mainArena: number;
  /** The `ThreadData` of thread 0; those of the others follow. */
  readonly threads: number;
}
