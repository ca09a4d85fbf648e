// Fields of a struct, with what the operation changed.

import { formatCount, hex } from "../model/format.js";
import type { FieldView } from "../model/types.js";

const ADDRESS = /brk|base|start|end|size|limit|Addr|address/i;

function shown(name: string, value: number): string {
  return value > 9 && (ADDRESS.test(name) || value > 65535) ? hex(value) : formatCount(value);
}

/** A table of fields. */
export function Fields({
  title,
  fields,
}: {
  readonly title: string;
  readonly fields: readonly FieldView[];
}) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={title}>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">field</th>
            <th scope="col">now</th>
            <th scope="col">changed by the operation</th>
          </tr>
        </thead>
        <tbody>
          {fields.map(({ name, value, before }) => (
            <tr key={name} class={value === before ? "" : "changed"}>
              <th scope="row">{name}</th>
              <td>{shown(name, value)}</td>
              <td>
                {value !== before &&
                  `${value > before ? "+" : "−"}${shown(name, Math.abs(value - before))}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
