// The flag bits of a size field.

/** @returns their names: `PREV_INUSE`, `none` */
export function flagText(flags: number): string {
  const names = [
    ...((flags & 1) !== 0 ? ["PREV_INUSE"] : []),
    ...((flags & 2) !== 0 ? ["IS_MMAPPED"] : []),
    ...((flags & 4) !== 0 ? ["NON_MAIN_ARENA"] : []),
  ];
  return names.join(" | ") || "none";
}
