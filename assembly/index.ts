// What every build exports: C's names with C's meanings, and a few functions for the host.

export * from "./c-functions";
export * from "./host-functions";
