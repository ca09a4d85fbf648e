import { describe, expect, it } from "vitest";
import {
  type FileHandle,
  FileTable,
  O,
  openBlob,
  openFileHandle,
  openSyncHandle,
  type SyncHandle,
} from "../../../src/kernel.js";

// What the browser does is imitated here; tests/browser has the real one.

const BLOCK = 65536;
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("openBlob", () => {
  it("copies a Blob, and gives one back", async () => {
    const blob = new Blob(["hello"], { type: "text/plain" });
    const file = await openBlob(blob);
    expect(file).toMatchObject({ path: "/blob", flags: O.RDWR, isDeleted: false });
    file.write(5, bytesOf(" world"));
    file.sync();
    file.close();
    expect(await file.blob().text()).toBe("hello world");
    expect(file.blob().type).toBe("text/plain");
    expect(await blob.text()).toBe("hello");
  });

  it("names and flags", async () => {
    const blob = new File(["abc"], "a.bin");
    expect((await openBlob(blob)).path).toBe("/a.bin");
    const file = await openBlob(blob, { path: "/b", flags: O.RDONLY | O.TRUNC });
    expect([file.path, file.flags, file.size()]).toEqual(["/b", O.RDONLY | O.TRUNC, 0]);
    const table = new FileTable(() => new Uint8Array());
    const identities = [file, await openBlob(blob)].map((each) =>
      table.identityOf(table.add(each)),
    );
    expect(identities).toEqual([1, 2]);
  });
});

/** A file with a handle that logs what is written, and fails when told to. */
class FakeHandle implements FileHandle {
  readonly name = "fake";
  content: Uint8Array;
  readonly log: string[] = [];
  failures: Partial<Record<"open" | "write" | "close", Error>> = {};

  constructor(content: string | number) {
    this.content = typeof content === "string" ? bytesOf(content) : new Uint8Array(content);
  }

  getFile() {
    return Promise.resolve(new Blob([Uint8Array.from(this.content)]));
  }

  createWritable({ keepExistingData }: { keepExistingData: boolean }) {
    if (this.failures.open) return Promise.reject(this.failures.open);
    this.log.push("open");
    let draft = keepExistingData ? this.content.slice() : new Uint8Array();
    return Promise.resolve({
      truncate: (size: number) => {
        const next = new Uint8Array(size);
        next.set(draft.subarray(0, size));
        draft = next;
        return Promise.resolve();
      },
      write: ({ position, data }: { position: number; data: Uint8Array }) => {
        if (this.failures.write) return Promise.reject(this.failures.write);
        this.log.push(`${position}+${data.length}`);
        draft.set(data, position);
        return Promise.resolve();
      },
      close: () => {
        if (this.failures.close) return Promise.reject(this.failures.close);
        this.log.push("close");
        this.content = draft;
        return Promise.resolve();
      },
      abort: () => {
        this.log.push("abort");
        return Promise.resolve();
      },
    });
  }

  get text(): string {
    return new TextDecoder("latin1").decode(this.content);
  }
}

describe("openFileHandle", () => {
  it("brings to the file what was written, in the background", async () => {
    const handle = new FakeHandle("abcdef");
    const file = await openFileHandle(handle);
    expect([file.path, file.size()]).toEqual(["/fake", 6]);
    await file.flushed();
    expect(handle.log).toEqual([]);
    file.write(1, bytesOf("XY"));
    file.sync();
    expect(handle.text).toBe("abcdef");
    await file.flushed();
    expect(handle.text).toBe("aXYdef");
    file.sync();
    await file.flushed();
    expect(handle.log).toEqual(["open", "0+6", "close"]);
    file.write(0, bytesOf("Z"));
    await file.flushed();
    expect(handle.text).toBe("ZXYdef");
  });

  it("closing syncs", async () => {
    const handle = new FakeHandle("abc");
    const file = await openFileHandle(handle, { flags: O.RDWR | O.TRUNC });
    file.close();
    await file.flushed();
    expect(handle.text).toBe("");
  });

  it("writes only blocks that changed, in runs, and the size", async () => {
    const handle = new FakeHandle(10 * BLOCK);
    const file = await openFileHandle(handle);
    file.write(3 * BLOCK - 1, bytesOf("ab"));
    file.write(7 * BLOCK, bytesOf("c"));
    file.write(9 * BLOCK + 5, bytesOf("gone"));
    file.truncate(7 * BLOCK + 10);
    file.sync();
    await file.flushed();
    expect(handle.log).toEqual(["open", `${2 * BLOCK}+${2 * BLOCK}`, `${7 * BLOCK}+10`, "close"]);
    expect(handle.content.length).toBe(7 * BLOCK + 10);
    expect([3 * BLOCK - 1, 3 * BLOCK, 7 * BLOCK].map((at) => handle.content[at])).toEqual([
      97, 98, 99,
    ]);
    file.truncate(8 * BLOCK);
    file.sync();
    await file.flushed();
    expect(handle.content.length).toBe(8 * BLOCK);
  });

  it("what was cut off does not come back when the file grows again", async () => {
    const handle = new FakeHandle("abcdef");
    const file = await openFileHandle(handle);
    file.truncate(2);
    file.truncate(5);
    handle.failures = { close: new Error("no room") };
    file.sync();
    await expect(file.flushed()).rejects.toThrow("no room");
    handle.failures = {};
    file.sync();
    await file.flushed();
    expect(handle.text).toBe("ab\0\0\0");
  });

  it("several syncs in a row are one, which takes along what came until it began", async () => {
    const handle = new FakeHandle("abc");
    const file = await openFileHandle(handle);
    for (const letter of "xyz") {
      file.write(0, bytesOf(letter));
      file.sync();
    }
    await file.flushed();
    expect([handle.text, handle.log.filter((word) => word === "open").length]).toEqual(["zbc", 1]);
  });

  it.each(["open", "write", "close"] as const)(
    "a failure to %s is told, and mended when it is tried again",
    async (step) => {
      const handle = new FakeHandle("abc");
      const file = await openFileHandle(handle);
      const error = new Error("no room");
      handle.failures = { [step]: error };
      file.write(0, bytesOf("X"));
      file.sync();
      await expect(file.flushed()).rejects.toBe(error);
      expect(handle.text).toBe("abc");
      if (step !== "open") expect(handle.log.at(-1)).toBe("abort");
      handle.failures = {};
      await file.flushed();
      expect(handle.text).toBe("Xbc");
    },
  );
});

/** A sync handle that moves at most three bytes at once, into a disk of limited size. */
class FakeSyncHandle implements SyncHandle {
  readonly log: string[] = [];
  readonly content: number[];
  readonly room: number;

  constructor(content: string, room = Infinity) {
    this.content = [...bytesOf(content)];
    this.room = room;
  }

  read(into: Uint8Array, { at }: { at: number }): number {
    const part = this.content.slice(at, at + Math.min(3, into.length));
    into.set(part);
    return part.length;
  }

  write(from: Uint8Array, { at }: { at: number }): number {
    const part = from.subarray(0, Math.min(3, Math.max(0, this.room - at)));
    part.forEach((byte, i) => (this.content[at + i] = byte));
    return part.length;
  }

  getSize(): number {
    return this.content.length;
  }

  truncate(size: number): void {
    this.content.length = size;
  }

  flush(): void {
    this.log.push("flush");
  }

  close(): void {
    this.log.push("close");
  }
}

describe("openSyncHandle", () => {
  it("reads and writes all there is, in pieces if need be", () => {
    const handle = new FakeSyncHandle("abcdefgh");
    const file = openSyncHandle(handle, { path: "/x" });
    const into = new Uint8Array(10);
    expect(file.read(1, into)).toBe(7);
    expect(new TextDecoder().decode(into)).toBe("bcdefgh\0\0\0");
    file.write(2, bytesOf("0123456789"));
    expect(String.fromCharCode(...handle.content)).toBe("ab0123456789");
    file.truncate(3);
    file.sync(true);
    file.close();
    expect([file.size(), file.path, handle.log]).toEqual([3, "/x", ["flush", "close"]]);
  });

  it("a full disk is ENOSPC", () => {
    const file = openSyncHandle(new FakeSyncHandle("abcd", 6));
    expect(() => file.write(0, bytesOf("0123456789"))).toThrow(/^ENOSPC/);
  });

  it("O.TRUNC empties it; each is a file of its own", () => {
    const handle = new FakeSyncHandle("abcd");
    const file = openSyncHandle(handle, { flags: O.RDWR | O.TRUNC });
    expect(handle.content).toEqual([]);
    expect(file.path).toBe(`/opfs/${file.inode}`);
    expect(openSyncHandle(handle).inode).not.toBe(file.inode);
  });
});
