// How much the long tests try. A plain `npm test` runs a short form of each, with cases of all
// kinds; PTMALLOC_CAMPAIGN=ci, as .ci/run sets it, runs what CI checks; PTMALLOC_CAMPAIGN=full, or
// PTMALLOC_STRESS=full, what takes hours.

const FORMS = ["short", "ci", "full"] as const;
type Form = (typeof FORMS)[number];

function chosenForm(): Form {
  const { PTMALLOC_CAMPAIGN: name = "", PTMALLOC_STRESS: stress } = process.env;
  const chosen = name || (stress === "full" ? "full" : "short");
  const form = FORMS.find((known) => known === chosen);
  if (form !== undefined) return form;
  throw new RangeError(`PTMALLOC_CAMPAIGN=${chosen}: it is one of ${FORMS.join(", ")}`);
}

const form = chosenForm();

export const isShort = form === "short";
export const isFull = form === "full";

/** What a campaign has in the form that runs; the full one is as in CI unless it says otherwise. */
export function campaign<T>({ short, ci, full = ci }: { short: T; ci: T; full?: T }): T {
  return { short, ci, full }[form];
}

/** Some of a list in the short form, evenly: every `stride`th. All of it otherwise. */
export function sampled<T>(all: readonly T[], stride: number): T[] {
  return all.filter((_, index) => !isShort || index % stride === 0);
}

/** Whether tests run that the short form leaves out; prints that when not. */
export function isDue(what: string, reason: string): boolean {
  if (isShort) process.stderr.write(`skipped: ${what}: ${reason}; PTMALLOC_CAMPAIGN=ci runs it\n`);
  return !isShort;
}
