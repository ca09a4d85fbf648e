// Names that the package had, for one version more: see CHANGELOG.md.

import type { Abi } from "./layout/address.js";
import { layouts as known } from "./layout/generated.js";
import type { Structs } from "./layout/structs.js";

/**
 * Where the fields of every struct lie: offsets and sizes in bytes.
 * @deprecated `process.structs` is the same, as the binary that runs has it.
 */
export const layouts: { readonly [A in Abi]: Structs<A> } = known;
