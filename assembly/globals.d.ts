// What `asc --use NAME=…` supplies; declared here for editors and linters only (asc does not read this file).

/** glibc's size_t: u32 in the ilp32 builds, u64 in the lp64 builds. */
declare type word = number;

/** 1 in the checked builds: the whole-heap checker runs at the entry of every public call, growth can be refused. */
declare const HEAP_CHECK: i32;

/** Declares that a field is an inline array of so many elements (tools/layout-transform.mjs). */
declare function count(length: number): PropertyDecorator & ((target: object, key: string) => void);
