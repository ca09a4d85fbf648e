// The guided tour: one step at a time, each of which is seen in the page itself.

import { useSignal } from "@preact/signals";
import { leaveTour, tour, tourStep } from "../state/tours.js";

/** A text in which `code` is between back quotes, and what is stressed between stars. */
function Marked({ text }: { readonly text: string }) {
  const parts = text.split(/(`[^`]+`|\*[^\s*][^*]*\*)/);
  return (
    <>
      {parts.map((part, i) => {
        const inner = part.slice(1, -1);
        if (i % 2 === 0) return part;
        return part.startsWith("`") ? <code key={i}>{inner}</code> : <em key={i}>{inner}</em>;
      })}
    </>
  );
}

/** The panel. */
export function TourPanel() {
  const isAnswered = useSignal(-1);
  const now = tour.value;
  if (now === undefined) return null;
  const at = tourStep.value;
  const { title, text, question, answer } = now.steps[at]!;
  return (
    <section class="panel tour" aria-labelledby="tour-title">
      <div class="tools tour-head">
        <h2 id="tour-title">
          {now.title} <span class="note">{`step ${at + 1} of ${now.steps.length}`}</span>
        </h2>
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
      </div>
      <div aria-live="polite">
        <h3>
          <Marked text={title} />
        </h3>
        {text.map((paragraph) => (
          <p key={paragraph}>
            <Marked text={paragraph} />
          </p>
        ))}
        <p>
          <strong>
            <Marked text={question} />
          </strong>{" "}
          {isAnswered.value === at ? (
            <Marked text={answer} />
          ) : (
            <button type="button" onClick={() => (isAnswered.value = at)}>
              answer
            </button>
          )}
        </p>
      </div>
    </section>
  );
}
