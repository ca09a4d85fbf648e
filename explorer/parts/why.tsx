// The why panel: which way the operation under the cursor took through malloc, and why.

import { Fragment } from "preact";
import { goTo, show } from "../state/actions.js";
import { at, moment, opened } from "../state/store.js";
import { whereFreed } from "../model/returned.js";
import { Address } from "./address.js";
import { Back } from "./returned.js";
import { NONE } from "../model/types.js";

/** Steps that are shown at once. */
const MOST_STEPS = 60;

/** A text with its addresses made into buttons. */
export function Linked({ text }: { readonly text: string }) {
  const parts = text.split(/(0x[0-9a-f]{5,})/);
  return (
    <>
      {parts.map((part, i) =>
        i % 2 === 1 ? (
          <Address key={i} value={Number(part)} text={part} />
        ) : (
          <Fragment key={i}>{part}</Fragment>
        ),
      )}
    </>
  );
}

/** The panel. */
export function Why() {
  const [now, what] = [moment.value, opened.value];
  if (now === undefined || what === undefined) return null;
  const { operation } = now;
  return (
    <section class="panel why" aria-labelledby="why-title">
      <h2 id="why-title">Why</h2>
      {operation === undefined ? (
        <p>Nothing has happened yet: this is the moment before the first operation.</p>
      ) : (
        <>
          <p class="call">
            <span class="number">{operation.index}</span>{" "}
            <code>
              <Linked text={operation.text} />
            </code>
          </p>
          <Around index={operation.index} label={operation.label} thread={operation.thread} />
          {operation.failure !== undefined && operation.failure !== what.ending && (
            <p class="failure">{operation.failure}</p>
          )}
          <ol class="steps">
            {operation.steps.slice(0, MOST_STEPS).map(({ text, decidedBy }, i) => (
              <li key={i}>
                <Linked text={text} /> <span class="by">{decidedBy}</span>
              </li>
            ))}
          </ol>
          <Back found={whereFreed(now, what.survey)} />
          {operation.steps.length > MOST_STEPS && (
            <p class="note">… and {operation.steps.length - MOST_STEPS} more steps</p>
          )}
          {operation.steps.length === 0 && operation.failure === undefined && (
            <p class="note">No decision of malloc's is known for this one.</p>
          )}
        </>
      )}
      {what.ending !== undefined && at.value === what.count && (
        <p class="failure">Here the process ends: {what.ending}</p>
      )}
      <p class="tools">
        <button type="button" onClick={() => show("try")}>
          what would the next call do?
        </button>
      </p>
    </section>
  );
}

/** Who called, and the other end of the block's life. */
function Around(props: {
  readonly index: number;
  readonly label: string;
  readonly thread: number;
}) {
  const { index, label, thread } = props;
  const { birth, death, chunk } = opened.value!.survey;
  const born = birth[index] ?? NONE;
  const dies = death[index] ?? NONE;
  return (
    <p class="note">
      thread {thread}
      {label !== "" && <>, called by {label}</>}
      {born !== NONE && (
        <>
          , the block was made by{" "}
          <button type="button" class="address" onClick={() => goTo(born + 1)}>
            operation {born}
          </button>
        </>
      )}
      {chunk[index]! > 0 && dies < opened.value!.count && (
        <>
          , the block ends in{" "}
          <button type="button" class="address" onClick={() => goTo(dies + 1)}>
            operation {dies}
          </button>
        </>
      )}
      {chunk[index]! > 0 && dies >= opened.value!.count && <>, the block is never freed</>}
    </p>
  );
}
