// The process's number, and prctl: of all that it can do on Linux, it names anonymous memory here.
// In the full build only.

import { PAGE_SIZE, isAligned, pageAlign } from "../../base/align";
import { isUserMemory } from "../access";
import { EFAULT, EINVAL, errorResult } from "../errno";
import { NAME_BYTES } from "../labels";
import { nameRange } from "./madvise";

/** The process's number, and its only thread's. */
export const PID: word = 1;

/** What prctl can do. @host */
export const PR_SET_VMA: i32 = 0x53564d41;
/** Its attribute. @host */
export const PR_SET_VMA_ANON_NAME: word = 0;

/**
 * Whether a byte may be in a name: printable ASCII but for five that mean something to shells or in
 * maps.
 */
function isNameByte(byte: u8): bool {
  if (byte < 0x20 || byte > 0x7e) return false;
  switch (byte) {
    case 0x24: // $
    case 0x5b: // [
    case 0x5c: // \
    case 0x5d: // ]
    case 0x60: // `
      return false;
    default:
      return true;
  }
}

/**
 * Whether there is a name at `text`: 0 or an error result. The bytes are looked at when all of them
 * are there.
 */
function checkName(text: word): word {
  let length: word = 0;
  for (;;) {
    if (length == NAME_BYTES) return errorResult(EINVAL);
    if (!isUserMemory(text + length, 1, false)) return errorResult(EFAULT);
    if (load<u8>(<usize>(text + length)) == 0) break;
    length++;
  }
  for (let at: word = 0; at < length; at++) {
    if (!isNameByte(load<u8>(<usize>(text + at)))) return errorResult(EINVAL);
  }
  return 0;
}

/**
 * The prctl system call: PR_SET_VMA with PR_SET_VMA_ANON_NAME names the anonymous memory of whole
 * pages, or takes its name away where `text` is 0. 0 or -errno (prctl(2)). Nothing else is there.
 */
export function sysPrctl(which: i32, what: word, address: word, length: word, text: word): word {
  if (which != PR_SET_VMA || what != PR_SET_VMA_ANON_NAME) return errorResult(EINVAL);
  if (text != 0) {
    const refused = checkName(text);
    if (refused != 0) return refused;
  }
  const bytes = pageAlign(length);
  const last = address + bytes;
  if (!isAligned(address, PAGE_SIZE)) return errorResult(EINVAL);
  if ((length != 0 && bytes == 0) || last < address) return errorResult(EINVAL);
  return bytes == 0 ? 0 : nameRange(address, last, <usize>text);
}
