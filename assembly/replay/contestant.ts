// This project's allocator as the generic loops see one: methods without an instance, so that each
// call is a plain call.

import { calloc, free, malloc } from "../malloc/api";
import { realloc } from "../malloc/realloc";
import { memalign } from "../malloc/memalign";

@unmanaged
export class Ptmalloc {
  malloc(bytes: word): word {
    return malloc(bytes);
  }

  calloc(count: word, bytes: word): word {
    return calloc(count, bytes);
  }

  memalign(alignment: word, bytes: word): word {
    return memalign(alignment, bytes);
  }

  realloc(block: word, bytes: word): word {
    return realloc(block, bytes);
  }

  free(block: word): void {
    free(block);
  }
}
