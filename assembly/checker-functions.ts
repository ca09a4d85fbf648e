// The whole-heap checker, for whoever asks: in builds that have it.

export {
  checkHeap as check_heap,
  checkAddress as check_address,
} from "./malloc/checker/invariants";
