// A file that tells of every step, before it is taken: each page that is written, each sync, each
// truncation. Whoever is told can end everything there: that is what being killed at a chosen
// moment means. Plain JavaScript: a child process uses it, too.

/** @typedef {import("../../src/kernel/files/host-file.js").HostFile} HostFile */

const PAGE = 4096;

/**
 * Wraps a file.
 * @param {HostFile} file
 * @param {(kind: "write" | "sync" | "truncate", position: number) => void} told
 * @returns {HostFile}
 */
export function countingFile(file, told) {
  return {
    ...{ kind: file.kind, path: file.path, device: file.device, inode: file.inode },
    ...{ isDeleted: false, flags: file.flags },
    size: () => file.size(),
    read: (position, into) => file.read(position, into),
    write: (position, from) => {
      for (let at = 0; at < from.length; at += PAGE) {
        told("write", position + at);
        file.write(position + at, from.subarray(at, at + PAGE));
      }
    },
    truncate: (size) => {
      told("truncate", size);
      file.truncate(size);
    },
    sync: (isDataOnly) => {
      told("sync", 0);
      file.sync(isDataOnly);
    },
    close: () => file.close(),
  };
}
