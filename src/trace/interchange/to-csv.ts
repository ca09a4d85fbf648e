// Writer of CSV (RFC 4180, with newlines alone): a header row, and a row for each operation.

import { OpKind } from "../../layout/generated.js";
import { hex } from "../../inspect/source.js";
import { functionOf } from "./remarks.js";
import { exactBytes, type Replayed, type Writer } from "./writer.js";

/** The header row's names; docs/interchange.md says what they mean. */
export const CSV_COLUMNS = [
  "operation",
  "line",
  "thread",
  "function",
  "block",
  "count_or_alignment",
  "size",
  "bytes",
  "old_address",
  "new_address",
  "refused",
  "live_bytes",
  "footprint_bytes",
  "brk",
  "label",
] as const;

/** Writes a table. */
export class CsvWriter implements Writer {
  head(): string {
    return `${CSV_COLUMNS.join(",")}\n`;
  }

  call(step: Replayed): string {
    const { index, line, thread, kind, slot, x, y, before, result } = step;
    const isPair = kind === OpKind.CALLOC || kind === OpKind.MEMALIGN;
    const isFree = kind === OpKind.FREE;
    const row = [
      ...[index, line, thread, functionOf(kind), slot],
      ...[isPair ? x : "", isFree ? "" : isPair ? y : x, isFree ? "" : exactBytes(step)],
      ...[before === 0 ? "" : hex(before), result === 0 ? "" : hex(result)],
      ...[step.isRefused ? 1 : 0, step.liveBytes, step.footprintBytes, hex(step.brk)],
      quotedField(step.label),
    ];
    return `${row.join(",")}\n`;
  }

  exit(): string {
    return "";
  }

  tail(): string {
    return "";
  }
}

function quotedField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
