// Fields of a struct, with what the operation changed.

import { formatCount, hex } from "../model/format.js";
import type { FieldView } from "../model/types.js";

const ADDRESS = /brk|base|start|end|size|limit|Addr|address/i;

function shown(name: string, value: number): string {
  return value > 9 && (ADDRESS.test(name) || value > 65535) ? hex(value) : formatCount(value);
}

/** Zeros that are not worth a row each. */
const MOST_ZEROS = 3;

/** A table of fields; many that are 0 and stay so are named below it. */
export function Fields({
  title,
  fields,
}: {
  readonly title: string;
  readonly fields: readonly FieldView[];
}) {
  const zeros = fields.filter(({ value, before }) => value === 0 && before === 0);
  const isLong = zeros.length > MOST_ZEROS;
  const rows = isLong ? fields.filter((field) => !zeros.includes(field)) : fields;
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
          {rows.map(({ name, value, before }) => (
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
      {isLong && <p class="note">0: {zeros.map(({ name }) => name).join(", ")}</p>}
    </div>
  );
}
