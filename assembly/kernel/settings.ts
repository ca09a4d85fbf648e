// Setting options, checked: what sysctl would refuse is refused. In the full build only.

import { EINVAL } from "./errno";
import { mm } from "./mm";
import { KERNEL_OPTIONS, KernelOption, storeOption } from "./options";

const MAX_MAP_COUNT_MOST: word = 0x7fffffff;
const STACK_GAP_MOST: word = 65536;

function isAllowed(id: i32, value: word): bool {
  switch (id) {
    case KernelOption.OVERCOMMIT_MEMORY:
      return value <= 2;
    case KernelOption.MAX_MAP_COUNT:
      return value <= MAX_MAP_COUNT_MOST;
    case KernelOption.MMAP_MIN_ADDR:
      return value <= mm.taskSize;
    case KernelOption.CAP_IPC_LOCK:
    case KernelOption.CAP_SYS_RESOURCE:
    case KernelOption.CAP_SYS_NICE:
    case KernelOption.CAP_SYS_ADMIN:
      return value <= 1;
    case KernelOption.KERNEL_VERSION:
      return value == 6001 || value == 6018;
    case KernelOption.STACK_GAP:
      return value <= STACK_GAP_MOST;
    default:
      return true;
  }
}

/**
 * Sets option `id`, a KernelOption. 0, or -EINVAL for an unknown option or a value that it cannot
 * have.
 */
export function setKernelOption(id: i32, value: word): i32 {
  if (id < 0 || id >= KERNEL_OPTIONS || !isAllowed(id, value)) return -EINVAL;
  storeOption(id, value);
  return 0;
}
