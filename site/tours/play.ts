// All tours, played: what the site's pages and the tests are made of.

import { TOURS, type Step, type Tour } from "../../explorer/tours/index.js";
import { picturesOf } from "./pictures.js";
import { play } from "./scene.js";

/** A step, with what it printed and its pictures. */
export interface PlayedStep extends Step {
  readonly output: string;
  readonly pictures: readonly string[];
}

export interface PlayedTour extends Omit<Tour, "steps"> {
  readonly steps: readonly PlayedStep[];
}

/** @param root the repository, with a slash at its end */
export function playTours(root: string): PlayedTour[] {
  return TOURS.map((tour) => ({
    ...tour,
    steps: tour.steps.map((step) => {
      const scene = play(step, root);
      return { ...step, output: scene.output, pictures: picturesOf(step, scene) };
    }),
  }));
}
