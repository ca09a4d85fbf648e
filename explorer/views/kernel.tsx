// The kernel's side: mm_struct as it changes, and the log of system calls.

import { useSignal } from "@preact/signals";
import { lastAtMost } from "../model/format.js";
import { Fields } from "../parts/fields.js";
import { Term } from "../parts/term.js";
import { goTo } from "../state/actions.js";
import { at, moment, opened } from "../state/store.js";

const AROUND = 12;

function Calls() {
  const wanted = useSignal("");
  const { calls, callAt } = opened.value!.survey;
  if (calls.length === 0) return <p class="note">No system call has been seen.</p>;
  const shown = calls
    .map((line, i) => ({ line, after: callAt[i]!, i }))
    .filter(({ line }) => line.includes(wanted.value));
  const last = lastAtMost(
    shown.map(({ after }) => after),
    at.value - 1,
  );
  const from = Math.max(0, last - AROUND + 1);
  return (
    <section>
      <h3>System calls, as strace writes them</h3>
      <p class="tools">
        <label>
          only with{" "}
          <input
            type="text"
            value={wanted.value}
            placeholder="brk, mmap, munmap"
            onInput={(event) => (wanted.value = event.currentTarget.value)}
          />
        </label>
        <span class="note">
          {last + 1} of {shown.length} made by now
        </span>
      </p>
      <ol class="strace">
        {shown.slice(from, last + AROUND).map(({ line, after, i }) => (
          <li key={i} class={after >= at.value ? "future" : after === at.value - 1 ? "chosen" : ""}>
            <button type="button" class="address" onClick={() => goTo(after + 1)}>
              {after}
            </button>{" "}
            <code>{line}</code>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The view. */
export function KernelView() {
  const now = moment.value;
  if (now === undefined) return null;
  return (
    <div class="two">
      <section>
        <p class="note">
          <Term name="mm_struct" /> is the kernel's record of the address space; what the operation
          changed is marked.
        </p>
        <Fields title="mm_struct: addresses in bytes, counts in pages" fields={now.mm} />
      </section>
      <Calls />
    </div>
  );
}
