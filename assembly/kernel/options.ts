// The sysctls and capabilities that the model's process runs under, and its resource limits. In
// builds other than full they are constants: limits are infinite, map_count has Linux's default
// limit.

import { MIB, PAGE_SIZE } from "../base/align";
import { MmStruct, mm } from "./mm";
import { IS_FULL } from "./tier";

/** What `set_kernel_option` sets. Numbers index MmStruct.options. */
export enum KernelOption {
  OVERCOMMIT_MEMORY = 0, // vm.overcommit_memory: 0 heuristic (default), 1 always, 2 never
  OVERCOMMIT_RATIO = 1, // vm.overcommit_ratio: percent of the RAM, default 50
  OVERCOMMIT_KBYTES = 2, // vm.overcommit_kbytes: KiB instead of a ratio; 0 is off, default
  TOTAL_RAM_PAGES = 3, // RAM of the model's machine, pages; default 4 GiB's
  SWAP_PAGES = 4, // its swap, pages; default 0
  MAX_MAP_COUNT = 5, // vm.max_map_count: default 65530
  MMAP_MIN_ADDR = 6, // vm.mmap_min_addr, bytes: default 4096
  CAP_IPC_LOCK = 7, // whether RLIMIT_MEMLOCK does not bind the process; default 0
  CAP_SYS_RESOURCE = 8, // whether it may raise hard limits; default 0
  KERNEL_VERSION = 9, // 6001 for Linux 6.1, 6018 (default) for 6.18: what changed in between
  STACK_GAP = 10, // stack_guard_gap: pages free below a region that grows down, default 256
  CAP_SYS_NICE = 11, // whether it may move other processes' pages (MPOL_MF_MOVE_ALL); default 0
  CAP_SYS_ADMIN = 12, // whether the administrator's reserve is for it, too; default 0
  ADMIN_RESERVE_KBYTES = 13, // vm.admin_reserve_kbytes: default 8192
  USER_RESERVE_KBYTES = 14, // vm.user_reserve_kbytes: default 131072, which is that of 4 GiB of RAM
}

/** How many options there are. */
export const KERNEL_OPTIONS: i32 = 15;

/** How many resources have limits (RLIM_NLIMITS), and those that this kernel enforces. @host */
export const RLIM_NLIMITS: i32 = 16;
export const RLIMIT_FSIZE: i32 = 1;
export const RLIMIT_DATA: i32 = 2;
export const RLIMIT_STACK: i32 = 3;
export const RLIMIT_NOFILE: i32 = 7;
export const RLIMIT_MEMLOCK: i32 = 8;
export const RLIMIT_AS: i32 = 9;

/** Resources that it only keeps the limits of, where Linux limits them from the start. */
/* @host */
const RLIMIT_CORE: i32 = 4;
const RLIMIT_NPROC: i32 = 6;
const RLIMIT_SIGPENDING: i32 = 11;
const RLIMIT_MSGQUEUE: i32 = 12;
const RLIMIT_NICE: i32 = 13;
const RLIMIT_RTPRIO: i32 = 14;

/**
 * Threads of one user, and signals that wait for them, on a machine of 4 GiB: half as many as their
 * stacks could be in an eighth of it.
 */
const THREADS: u64 = 16384;

/** No limit. */
export const RLIM_INFINITY: u64 = <u64>-1;

const DEFAULT_MAX_MAP_COUNT: i32 = 65530;

/** The value of an option: for the full build. */
export function option(id: KernelOption): word {
  return load<word>(
    changetype<usize>(mm) + <usize>id * sizeof<word>(),
    offsetof<MmStruct>("options"),
  );
}

/** Sets an option, unchecked. */
export function storeOption(id: KernelOption, value: word): void {
  store<word>(
    changetype<usize>(mm) + <usize>id * sizeof<word>(),
    value,
    offsetof<MmStruct>("options"),
  );
}

/** vm.max_map_count. */
export function maxMapCount(): i32 {
  return IS_FULL ? <i32>option(KernelOption.MAX_MAP_COUNT) : DEFAULT_MAX_MAP_COUNT;
}

/** The least address that an unprivileged program may map, bytes (vm.mmap_min_addr). */
export function mmapMinAddr(): word {
  return IS_FULL ? option(KernelOption.MMAP_MIN_ADDR) : PAGE_SIZE;
}

/** Bytes that stay free below a region that grows down. */
export function stackGuardGap(): usize {
  return <usize>option(KernelOption.STACK_GAP) * PAGE_SIZE;
}

/** Whether the kernel is 6.18 rather than 6.1. */
export function isNewKernel(): bool {
  return option(KernelOption.KERNEL_VERSION) >= 6018;
}

/** Where the soft limit of a resource is stored; the hard one follows. */
export function rlimitAt(resource: i32): usize {
  return changetype<usize>(mm) + offsetof<MmStruct>("rlimits") + ((<usize>resource) << 4);
}

/** The soft limit of a resource, bytes (rlimit). */
export function rlimit(resource: i32): u64 {
  return load<u64>(rlimitAt(resource));
}

/** The hard limit of a resource, bytes (rlimit_max). */
export function rlimitMax(resource: i32): u64 {
  return load<u64>(rlimitAt(resource), 8);
}

/** Sets both limits of a resource, bytes, unchecked. */
export function storeRlimit(resource: i32, soft: u64, hard: u64): void {
  store<u64>(rlimitAt(resource), soft);
  store<u64>(rlimitAt(resource), hard, 8);
}

/**
 * Gives a new process Linux's defaults (INIT_RLIMITS in include/asm-generic/resource.h). Nothing in
 * builds without options.
 */
export function initOptions(): void {
  if (!IS_FULL) return;
  storeOption(KernelOption.OVERCOMMIT_RATIO, 50);
  storeOption(KernelOption.TOTAL_RAM_PAGES, 1 << 20);
  storeOption(KernelOption.MAX_MAP_COUNT, DEFAULT_MAX_MAP_COUNT);
  storeOption(KernelOption.MMAP_MIN_ADDR, PAGE_SIZE);
  storeOption(KernelOption.KERNEL_VERSION, 6018);
  storeOption(KernelOption.STACK_GAP, 256);
  storeOption(KernelOption.ADMIN_RESERVE_KBYTES, 8192);
  storeOption(KernelOption.USER_RESERVE_KBYTES, 131072);
  for (let resource = 0; resource < RLIM_NLIMITS; resource++)
    storeRlimit(resource, RLIM_INFINITY, RLIM_INFINITY);
  storeRlimit(RLIMIT_STACK, 8 * MIB, RLIM_INFINITY);
  storeRlimit(RLIMIT_CORE, 0, RLIM_INFINITY);
  storeRlimit(RLIMIT_NPROC, THREADS, THREADS);
  storeRlimit(RLIMIT_NOFILE, 1024, 4096);
  storeRlimit(RLIMIT_MEMLOCK, 8 * MIB, 8 * MIB);
  storeRlimit(RLIMIT_SIGPENDING, THREADS, THREADS);
  storeRlimit(RLIMIT_MSGQUEUE, 819200, 819200);
  storeRlimit(RLIMIT_NICE, 0, 0);
  storeRlimit(RLIMIT_RTPRIO, 0, 0);
}
