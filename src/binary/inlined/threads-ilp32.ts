// build/threads.ilp32.wasm as text. The build (tools/build-dist.mjs) puts it into dist/; in the
// sources there is none, and the file is read.

export const text: string | undefined = undefined;
