// Binaries that came with the code, in base64.

/** Newer engines decode by themselves (https://tc39.es/proposal-arraybuffer-base64/); older ones have atob, as all runtimes do. */
const fromBase64 = (Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> })
  .fromBase64;

/** @returns the bytes; undefined when the build put none there */
export function inlined(base64: string | undefined): Uint8Array<ArrayBuffer> | undefined {
  if (base64 === undefined) return undefined;
  return (
    fromBase64?.call(Uint8Array, base64) ??
    Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  );
}
