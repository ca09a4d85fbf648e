// What is selected: a chunk, with everything that is known of it.

import { flagText } from "../model/flags.js";
import { formatCount, hex } from "../model/format.js";
import { stateText, STATES } from "../model/states.js";
import { NONE } from "../model/types.js";
import { goTo, select, show } from "../state/actions.js";
import { machine, moment, opened, selected, selectedChunk } from "../state/store.js";
import { whyKept } from "../model/returned.js";
import { Address } from "./address.js";
import { downloadText } from "./export.js";
import { Back } from "./returned.js";
import { Term } from "./term.js";

/** @returns what is known of the selected chunk, as an object */
export function selectionOf(): object | undefined {
  const [now, i] = [moment.value, selectedChunk.value];
  const survey = opened.value?.survey;
  if (now === undefined || survey === undefined || selected.value === undefined) return undefined;
  if (i < 0) return { at: now.at, address: selected.value };
  const { address, size, state, flags, bin, thread, birth } = now.chunks;
  const made = birth[i]!;
  return {
    at: now.at,
    address: selected.value,
    chunk: address[i],
    mem: address[i]! + headerBytes(),
    size: size[i],
    flags: flags[i],
    state: STATES[state[i]!],
    ...(bin[i]! >= 0 && { bin: bin[i] }),
    ...(thread[i]! >= 0 && { thread: thread[i] }),
    ...(made !== NONE && {
      madeBy: made,
      bytes: survey.bytes[made],
      label: survey.labels[survey.label[made]!],
      ends: survey.death[made]! < survey.count ? survey.death[made] : null,
    }),
  };
}

function headerBytes(): number {
  return (opened.value?.machine ?? machine.value).abi === "ilp32" ? 8 : 16;
}

/** The panel. */
export function Selection() {
  const [now, i] = [moment.value, selectedChunk.value];
  return (
    <section class="panel" aria-labelledby="selection-title">
      <h2 id="selection-title">Selected</h2>
      {selected.value === undefined ? (
        <p class="note">Nothing: click a chunk, or search for an address.</p>
      ) : now === undefined || i < 0 ? (
        <p>
          <code>{hex(selected.value)}</code> is in no chunk at this moment.
        </p>
      ) : (
        <>
          <Chunk i={i} />
          <Back found={whyKept(now, i)} />
        </>
      )}
      {selected.value !== undefined && (
        <p class="tools">
          <button type="button" onClick={() => show("bytes")}>
            bytes
          </button>
          <button
            type="button"
            onClick={() => downloadText("selection.json", JSON.stringify(selectionOf(), null, 2))}
          >
            save as JSON
          </button>
          <button type="button" onClick={() => select(undefined)}>
            unselect
          </button>
        </p>
      )}
    </section>
  );
}

function Chunk({ i }: { readonly i: number }) {
  const { chunks } = moment.value!;
  const { survey, count } = opened.value!;
  const at = chunks.address[i]!;
  const birth = chunks.birth[i]!;
  const dies = birth === NONE ? NONE : survey.death[birth]!;
  const slack = birth === NONE ? 0 : chunks.size[i]! - survey.bytes[birth]!;
  return (
    <dl class="facts">
      <dt>
        <Term name="chunk" />
      </dt>
      <dd>
        <Address value={at} />
      </dd>
      <dt>
        <Term name="block" />
      </dt>
      <dd>
        <code>{hex(at + headerBytes())}</code>
      </dd>
      <dt>size</dt>
      <dd>
        {hex(chunks.size[i]!)} ({formatCount(chunks.size[i]!)} bytes)
      </dd>
      <dt>
        <Term name="flag bits" />
      </dt>
      <dd>{flagText(chunks.flags[i]!)}</dd>
      <dt>what</dt>
      <dd>{stateText(chunks.state[i]!, chunks.bin[i]!, chunks.thread[i]!)}</dd>
      {birth !== NONE && (
        <>
          <dt>asked for</dt>
          <dd>
            {formatCount(survey.bytes[birth]!)} bytes, by{" "}
            <button type="button" class="address" onClick={() => goTo(birth + 1)}>
              operation {birth}
            </button>
            {slack > 0 && <> ({formatCount(slack)} bytes more are header and rounding)</>}
          </dd>
          <dt>lives</dt>
          <dd>
            {dies >= count ? (
              "to the end"
            ) : (
              <>
                until{" "}
                <button type="button" class="address" onClick={() => goTo(dies + 1)}>
                  operation {dies}
                </button>
              </>
            )}
          </dd>
          {survey.label[birth] !== 0 && (
            <>
              <dt>called by</dt>
              <dd>{survey.labels[survey.label[birth]!]}</dd>
            </>
          )}
        </>
      )}
    </dl>
  );
}
