// XXH64, as its specification describes it, to compare with: slow, and in another language than the
// one under test. https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md

const PRIMES: readonly [bigint, bigint, bigint, bigint, bigint] = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
];
const [P1, P2, P3, P4, P5] = PRIMES;

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotated = (value: bigint, bits: bigint): bigint =>
  u64((value << bits) | (u64(value) >> (64n - bits)));
const round = (lane: bigint, input: bigint): bigint =>
  u64(rotated(u64(lane + input * P2), 31n) * P1);

/** The XXH64 of bytes with the seed 0. */
export function xxh64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let sum = P5;
  if (bytes.length >= 32) {
    const lanes = [P1 + P2, P2, 0n, -P1];
    for (; at + 32 <= bytes.length; at += 32) {
      lanes.forEach((lane, index) => {
        lanes[index] = round(lane, view.getBigUint64(at + index * 8, true));
      });
    }
    sum = [1n, 7n, 12n, 18n].reduce((all, bits, i) => all + rotated(lanes[i]!, bits), 0n);
    for (const lane of lanes) sum = u64((u64(sum) ^ round(0n, lane)) * P1 + P4);
  }
  sum = u64(sum + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    sum = u64(rotated(sum ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  }
  for (; at + 4 <= bytes.length; at += 4) {
    sum = u64(rotated(sum ^ u64(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
  }
  for (; at < bytes.length; at++) {
    sum = u64(rotated(sum ^ u64(BigInt(bytes[at]!) * P5), 11n) * P1);
  }
  sum = u64((sum ^ (sum >> 33n)) * P2);
  sum = u64((sum ^ (sum >> 29n)) * P3);
  return sum ^ (sum >> 32n);
}
