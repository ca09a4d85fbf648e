// The checks: what is damaged, and what the whole-heap checker says.

import { useSignal, useSignalEffect } from "@preact/signals";
import type { CheckResult } from "../model/types.js";
import { Address } from "../parts/address.js";
import { Term } from "../parts/term.js";
import { Linked } from "../parts/why.js";
import { engine } from "../state/client.js";
import { at, opened, problem } from "../state/store.js";

/** The view. */
export function ChecksView() {
  const result = useSignal<CheckResult | undefined>(undefined);
  useSignalEffect(() => {
    if (opened.value === undefined) return;
    engine()
      .check(at.value)
      .then(
        (found) => (result.value = found),
        (error: unknown) => (problem.value = String(error)),
      );
  });
  const now = result.value;
  if (now === undefined) return <p class="waiting">checking …</p>;
  const { damages, checker } = now;
  const isSound = damages.length === 0 && (checker === "sound" || checker === undefined);
  return (
    <div>
      <p class={isSound ? "sound" : "failure"}>
        {isSound ? "Sound: every link, size and flag is what it should be." : "Damaged."}
      </p>
      {damages.length > 0 && (
        <>
          <h3>
            <Term name="damage">Damages</Term> met while walking
          </h3>
          <ul>
            {damages.map(({ at: address, why }) => (
              <li key={`${address}${why}`}>
                <Address value={address} />: <Linked text={why} />
              </li>
            ))}
          </ul>
        </>
      )}
      <h3>
        <Term name="the checker">The whole-heap checker</Term>
      </h3>
      <p>
        {checker === undefined && "It needs a process that can go on; there is none here."}
        {checker === "sound" && "It finds nothing wrong."}
        {typeof checker === "object" && (
          <>
            <Address value={checker.at} />: <Linked text={checker.why} />
          </>
        )}
      </p>
      <p class="note">
        To see it find something, open a live heap and type in the console, for instance:{" "}
        <code>p = malloc(100); memset(p - 4, 65, 4)</code>
      </p>
    </div>
  );
}
