// A guided tour: steps that each lead to a moment, an address and a view, with a question.

/** One step. */
export interface TourStep {
  readonly title: string;
  /** What one sees, in a few sentences. */
  readonly text: string;
  /** Where it is seen: the hash of a link, such as `trace=git-log&at=300&view=map`. */
  readonly link: string;
  readonly question?: string;
  readonly answer?: string;
}

/** A tour. */
export interface Tour {
  readonly title: string;
  readonly steps: readonly TourStep[];
}

/** @returns a tour, as far as a JSON is one @throws Error that says what is missing */
export function tourOf(value: unknown, name: string): Tour {
  const { title, steps } = Object(value) as Partial<Tour>;
  if (typeof title !== "string" || !Array.isArray(steps))
    throw new Error(`the tour ${name} has no title or no steps`);
  for (const [i, step] of (steps as unknown[]).entries()) {
    const { title: head, text, link } = Object(step) as Partial<TourStep>;
    if (typeof head !== "string" || typeof text !== "string" || typeof link !== "string")
      throw new Error(`step ${i + 1} of the tour ${name} needs title, text and link`);
  }
  return { title, steps: steps as TourStep[] };
}
