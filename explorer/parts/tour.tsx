// The guided tour: one step at a time, each of which is seen in the page itself.

import { useSignal } from "@preact/signals";
import { leaveTour, tour, tourStep } from "../state/tours.js";

/** The panel. */
export function TourPanel() {
  const isAnswered = useSignal(-1);
  const now = tour.value;
  if (now === undefined) return null;
  const at = tourStep.value;
  const step = now.steps[at]!;
  return (
    <section class="panel tour" aria-labelledby="tour-title">
      <h2 id="tour-title">
        {now.title} <span class="note">{`step ${at + 1} of ${now.steps.length}`}</span>
      </h2>
      <div aria-live="polite">
        <h3>{step.title}</h3>
        {step.text.split("\n\n").map((paragraph) => (
          <p key={paragraph}>{paragraph}</p>
        ))}
        {step.question !== undefined && (
          <p>
            <strong>{step.question}</strong>{" "}
            {isAnswered.value === at ? (
              step.answer
            ) : (
              <button type="button" onClick={() => (isAnswered.value = at)}>
                answer
              </button>
            )}
          </p>
        )}
      </div>
      <p class="tools">
        <button type="button" disabled={at === 0} onClick={() => (tourStep.value = at - 1)}>
          before
        </button>
        <button
          type="button"
          disabled={at + 1 >= now.steps.length}
          onClick={() => (tourStep.value = at + 1)}
        >
          next
        </button>
        <button type="button" onClick={leaveTour}>
          leave the tour
        </button>
      </p>
    </section>
  );
}
