import type { ByteOps } from './byte-ops.ts';

const polynomial = 0x82f63b78;
const lanes = 16;

/** Tables for 16 bytes per step; entry [lane * 256 + byte] is the CRC of that byte followed by `lane` zero bytes. */
let tables: Int32Array | undefined;

function makeTables(): Int32Array {
  const made = new Int32Array(lanes * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
    made[byte] = crc;
  }
  for (let index = 256; index < made.length; index++) {
    const shorter = made[index - 256] ?? 0;
    made[index] = (shorter >>> 8) ^ (made[shorter & 255] ?? 0);
  }
  return made;
}

/**
 * CRC-32C by slicing: sixteen bytes per step, each looked up in its own table, so that look-ups do not wait for each
 * other. `| 0` on every look-up keeps V8 in 32-bit integers.
 */
function crc32c(bytes: Uint8Array, seed: number): number {
  tables ??= makeTables();
  const t = tables;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wideEnd = bytes.length - (bytes.length % lanes);
  let crc = ~seed;
  let at = 0;
  for (; at < wideEnd; at += lanes) {
    const a = crc ^ view.getInt32(at, true);
    const b = view.getInt32(at + 4, true);
    const c = view.getInt32(at + 8, true);
    const d = view.getInt32(at + 12, true);
    crc =
      (t[3840 + (a & 255)] as number) ^
      (t[3584 + ((a >>> 8) & 255)] as number) ^
      (t[3328 + ((a >>> 16) & 255)] as number) ^
      (t[3072 + (a >>> 24)] as number) ^
      (t[2816 + (b & 255)] as number) ^
      (t[2560 + ((b >>> 8) & 255)] as number) ^
      (t[2304 + ((b >>> 16) & 255)] as number) ^
      (t[2048 + (b >>> 24)] as number) ^
      (t[1792 + (c & 255)] as number) ^
      (t[1536 + ((c >>> 8) & 255)] as number) ^
      (t[1280 + ((c >>> 16) & 255)] as number) ^
      (t[1024 + (c >>> 24)] as number) ^
      (t[768 + (d & 255)] as number) ^
      (t[512 + ((d >>> 8) & 255)] as number) ^
      (t[256 + ((d >>> 16) & 255)] as number) ^
      (t[d >>> 24] as number);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ (t[(crc ^ (bytes[at] as number)) & 255] as number);
  return ~crc >>> 0;
}

function countLeadingZeros(bytes: Uint8Array): number {
  const length = bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  let at = 0;
  while (at + 16 <= length) {
    if (view.getInt32(at) | view.getInt32(at + 4) | view.getInt32(at + 8) | view.getInt32(at + 12)) break;
    at += 16;
  }
  while (at < length && bytes[at] === 0) at++;
  return at;
}

/** Pure TypeScript, fast in V8. Its tables of 16 KiB are built at the first CRC. */
export const portableByteOps: ByteOps = { crc32c, countLeadingZeros };
