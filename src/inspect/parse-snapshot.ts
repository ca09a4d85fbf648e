// Reads the text of a snapshot, as far as it says itself that it is one.

import { UserError } from "../base/user-error.js";
import { SNAPSHOT_FORMAT, SNAPSHOT_VERSION, type Snapshot } from "./snapshot.js";

/** @returns a snapshot, as far as it says that it is one @throws UserError */
export function parseSnapshot(name: string, bytes: Uint8Array): Snapshot {
  let snapshot: Snapshot;
  try {
    snapshot = JSON.parse(new TextDecoder().decode(bytes)) as Snapshot;
  } catch (error) {
    throw new UserError(`${name}: no JSON: ${(error as Error).message}`);
  }
  if ((snapshot.format as string) !== SNAPSHOT_FORMAT)
    throw new UserError(`${name}: no snapshot: "format" is not "${SNAPSHOT_FORMAT}"`);
  if ((snapshot.version as number) !== SNAPSHOT_VERSION)
    throw new UserError(`${name}: version ${snapshot.version}: this program reads version 1`);
  return snapshot;
}
