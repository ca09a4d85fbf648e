// The checked build: the allocator, its whole-heap checker and fault injection.

export * from "./index";
export { refuseGrowth as refuse_growth, growthRequests as growth_requests } from "./kernel/refusal";
