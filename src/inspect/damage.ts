// What cannot be followed. Walks over a heap are bounded: where a link or a size makes no sense,
// they yield this in place of what should be there, and stop.

/** Something in a heap that breaks a rule. */
export interface Damage {
  /** Always: tells it from what is sound. */
  readonly corrupt: true;
  /** The address of the field, or of the chunk, that is wrong. */
  readonly at: number;
  /** What it is, what it says, and the rule that it breaks. */
  readonly why: string;
}

/** @returns a damage, for a walk to yield */
export function damage(at: number, why: string): Damage {
  return { corrupt: true, at, why };
}

/** @returns whether a walk has yielded a damage */
export function isDamage(value: object): value is Damage {
  return "corrupt" in value;
}

/**
 * What of a walk makes sense.
 * @param damages is given the rest
 */
export function sound<T extends object>(walk: Iterable<T | Damage>, damages: Damage[]): T[] {
  const good: T[] = [];
  for (const one of walk) {
    if (isDamage(one)) damages.push(one);
    else good.push(one);
  }
  return good;
}
