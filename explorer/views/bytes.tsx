// Bytes in hex, with the fields of the structs that lie there.

import { useSignal, useSignalEffect } from "@preact/signals";
import { hex } from "../model/format.js";
import type { BytesView as Shown, ByteField } from "../model/types.js";
import { Address } from "../parts/address.js";
import { select } from "../state/actions.js";
import { engine } from "../state/client.js";
import { at, moment, opened, problem, selected, selectedChunk } from "../state/store.js";

/** Bytes of a row: as many as there is room for. */
const rowLength = (): number => (matchMedia("(max-width: 700px)").matches ? 8 : 16);
const LENGTH = 512;

/** Where the view begins: the selected chunk, or the heap. */
function beginning(): number {
  const [now, i] = [moment.value, selectedChunk.value];
  if (now === undefined) return 0;
  const address = i >= 0 ? now.chunks.address[i]! : (selected.value ?? now.startBrk);
  return address - (address % rowLength());
}

function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
}

function Row({ shown, from }: { readonly shown: Shown; readonly from: number }) {
  const length = rowLength();
  const bytes = shown.bytes.subarray(from, from + length);
  const start = shown.address + from;
  const owner = (address: number): ByteField | undefined =>
    shown.fields.findLast((one) => one.address <= address && address < one.address + one.size);
  return (
    <tr>
      <th scope="row">
        <code>{hex(start)}</code>
      </th>
      <td class="hex">
        {[...bytes].map((byte, i) => {
          const field = owner(start + i);
          const group = field === undefined ? "" : `field f${field.address % 3}`;
          return (
            <span key={i} class={group} title={field && `${field.struct}.${field.name}`}>
              {byte.toString(16).padStart(2, "0")}
            </span>
          );
        })}
      </td>
      <td class="ascii">
        <code>{[...bytes].map(printable).join("")}</code>
      </td>
      <td class="fields">
        {shown.fields
          .filter(({ address }) => address >= start && address < start + length)
          .slice(0, 6)
          .map(({ struct, name, address, value, to }) => (
            <span key={`${struct}${name}${address}`} class={`field f${address % 3}`}>
              {struct}.{name} = {to === undefined ? value : <Address value={to} text={value} />}
            </span>
          ))}
      </td>
    </tr>
  );
}

/** The view. */
export function BytesView() {
  const shown = useSignal<Shown | undefined>(undefined);
  const offset = useSignal(0);
  useSignalEffect(() => {
    void selected.value;
    offset.value = 0;
  });
  useSignalEffect(() => {
    if (opened.value === undefined || moment.value === undefined) return;
    const address = Math.max(0, beginning() + offset.value);
    engine()
      .bytes(at.value, address, LENGTH)
      .then(
        (found) => (shown.value = found),
        (error: unknown) => (problem.value = String(error)),
      );
  });
  const now = shown.value;
  if (now === undefined) return <p class="waiting">reading …</p>;
  const length = rowLength();
  const rows = Math.ceil(now.bytes.length / length);
  return (
    <div>
      <p class="tools">
        <button type="button" onClick={() => (offset.value -= LENGTH)}>
          before
        </button>
        <button type="button" onClick={() => (offset.value += LENGTH)}>
          next
        </button>
        <button type="button" onClick={() => select(moment.value?.arenas[0]?.address)}>
          malloc_state
        </button>
        <button type="button" onClick={() => select(moment.value?.threads[0]?.tcache)}>
          tcache
        </button>
        <span class="note">
          {hex(now.address)} to {hex(now.address + now.bytes.length)}; fields of structs are marked
        </span>
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Bytes">
        <table class="bytes">
          <thead>
            <tr>
              <th scope="col">address</th>
              <th scope="col">bytes</th>
              <th scope="col">text</th>
              <th scope="col">fields</th>
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: rows }, (_, i) => (
              <Row key={i} shown={now} from={i * length} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
