// What the full build exports: the allocator, all system calls, and a look at what the kernel
// knows.

import { setKernelOption } from "./kernel/settings";
import { checkKernel } from "./kernel/invariants";
import { openFile } from "./kernel/files/file";
import { fetch, isResident, touch } from "./kernel/access";
import { pageMarks } from "./kernel/resident";
import { syscall, traceSyscalls } from "./kernel/calls/syscall";
import { tellSteps } from "./malloc/steps";
import { firstVma, findVmaAddress, nextVma } from "./kernel/walk";

export * from "./index";
export * from "./checker-functions";

export {
  syscall,
  touch,
  openFile as open_file,
  fetch,
  checkKernel as check_kernel,
  traceSyscalls as trace_syscalls,
  firstVma as first_vma,
  nextVma as next_vma,
  findVmaAddress as find_vma,
  isResident as is_resident,
  pageMarks as page_marks,
  setKernelOption as set_kernel_option,
  tellSteps as tell_steps,
};
