/** The memory layouts: of i386 and of x86-64 programs. */
export const ABIS = /** @type {const} */ (["ilp32", "lp64"]);
