// The loads of the benchmark with threads on this project's threaded build.

export * from "./thread-ptmalloc";
export {
  share,
  set_patience,
  set_large_tcache,
  set_queued_frees,
  shared_state,
  thread_died,
} from "../../assembly/threads";
