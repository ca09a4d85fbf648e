// The checked build: the allocator and the replay loop, with the whole-heap checker and fault
// injection.

export * from "./index";
export {
  refuseGrowth as refuse_growth,
  growthRequests as growth_requests,
} from "../kernel/refusal";
export {
  checkHeap as check_heap,
  checkAddress as check_address,
  verifyCalls as verify_calls,
} from "../malloc/checker/invariants";
