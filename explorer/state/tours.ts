// Tours: loaded by name, and followed step by step.

import { effect, signal, untracked } from "@preact/signals";
import type { LinkedStep, Tour, TourName } from "../tours/tour.js";
import { openPlace } from "./actions.js";
import { BASE } from "./client.js";
import { problem } from "./store.js";

/** The tours that there are. */
export const tours = signal<readonly TourName[]>([]);
export const tour = signal<Tour<LinkedStep> | undefined>(undefined);
export const tourStep = signal(0);

async function json(path: string): Promise<unknown> {
  const answer = await fetch(new URL(path, BASE));
  if (!answer.ok) throw new Error(`${path}: the server says ${answer.status}`);
  return answer.json();
}

/** Finds out which tours there are. */
export async function findTours(): Promise<void> {
  try {
    tours.value = (await json("tours/index.json")) as TourName[];
  } catch {
    tours.value = [];
  }
}

/** Begins a tour. */
export async function startTour(name: string): Promise<void> {
  try {
    const found = (await json(`tours/${encodeURIComponent(name)}.json`)) as Tour<LinkedStep>;
    tourStep.value = 0;
    tour.value = found;
  } catch (error) {
    problem.value = (error as Error).message;
  }
}

/** Ends it. */
export function leaveTour(): void {
  tour.value = undefined;
}

/** Shows what each step is about. */
export function followTour(): void {
  effect(() => {
    const step = tour.value?.steps[tourStep.value];
    // What it reads on the way is no reason to go there again.
    if (step !== undefined) untracked(() => void openPlace(step.link));
  });
}
