// Which block is at a place of the picture of address x time.

import { batch } from "@preact/signals";
import type { Raster } from "../model/types.js";
import { goTo, select } from "../state/actions.js";
import { opened } from "../state/store.js";

/** Goes to the moment that was clicked, and selects the block there, if there is one. */
export function batchGo(event: MouseEvent, raster: Raster): void {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  const { fromOp, toOp, low, high } = raster;
  const moment = fromOp + ((event.clientX - box.left) / box.width) * (toOp - fromOp);
  const address = high - ((event.clientY - box.top) / box.height) * (high - low);
  const { survey } = opened.value!;
  let found: number | undefined;
  for (let i = 0; i < Math.min(moment, survey.count); i++) {
    const [start, bytes] = [survey.address[i]!, survey.chunk[i]!];
    if (bytes > 0 && survey.death[i]! >= moment && start <= address && address < start + bytes)
      found = start;
  }
  batch(() => {
    goTo(Math.max(1, Math.round(moment)));
    if (found !== undefined) select(found);
  });
}
