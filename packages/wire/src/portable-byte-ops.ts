import type { ByteOps } from './byte-ops.ts';
import { decodeBase64, encodeBase64 } from './portable-base64.ts';

const polynomial = 0x82f63b78;
const lanes = 16;

/**
 * Tables for 16 bytes per step; entry [lane * 256 + byte] is the CRC of that byte followed by `lane` zero bytes. A constant,
 * so that V8 knows their length and checks no index.
 */
const tables = makeTables();

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
 * other. Words are read from an aligned Int32Array, faster than from a DataView; all hosts are little-endian.
 */
function crc32c(bytes: Uint8Array, seed: number): number {
  const t = tables;
  const { buffer, byteOffset, length } = bytes;
  const unaligned = -byteOffset & 3;
  let crc = ~seed;
  let at = 0;
  if (length >= unaligned + lanes) {
    for (; at < unaligned; at++) crc = (crc >>> 8) ^ (t[(crc ^ (bytes[at] as number)) & 255] as number);
    const words = new Int32Array(buffer, byteOffset + at, (length - at) >>> 2);
    const wideEnd = words.length & ~3;
    for (let word = 0; word < wideEnd; word += 4) {
      const a = crc ^ (words[word] as number);
      const b = words[word + 1] as number;
      const c = words[word + 2] as number;
      const d = words[word + 3] as number;
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
    at += wideEnd * 4;
  }
  for (; at < length; at++) crc = (crc >>> 8) ^ (t[(crc ^ (bytes[at] as number)) & 255] as number);
  return ~crc >>> 0;
}

function putCrc32c(bytes: Uint8Array, from: number, to: number, at: number): void {
  const crc = crc32c(bytes.subarray(from, to), 0);
  bytes[at] = crc;
  bytes[at + 1] = crc >>> 8;
  bytes[at + 2] = crc >>> 16;
  bytes[at + 3] = crc >>> 24;
}

function hasCrc32c(bytes: Uint8Array, from: number, to: number, at: number): boolean {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return crc32c(bytes.subarray(from, to), 0) === low + (bytes[at + 3] as number) * 0x100_0000;
}

function matches(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
  const { length } = part;
  for (let index = 0; index < length; index++) if (bytes[at + index] !== part[index]) return false;
  return true;
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

/** Pure TypeScript, fast in V8. Has tables of 16 KiB. */
export const portableByteOps: ByteOps = {
  crc32c,
  putCrc32c,
  hasCrc32c,
  matches,
  countLeadingZeros,
  encodeBase64,
  decodeBase64,
};
