// The type of the package's .wasm files where they can be imported: hosts and bundlers that allow
// it give the compiled module.

declare const module: WebAssembly.Module;
export default module;
