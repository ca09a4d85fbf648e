// build/threads.ilp32.wasm in base64. The build (tools/finish-dist.mjs) puts it into dist/; in the sources there is none, and the file is read.

export const base64: string | undefined = undefined;
