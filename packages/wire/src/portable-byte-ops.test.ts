import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { trailingZeros } from './native/trailing-zeros.ts';
import { portableByteOps } from './portable-byte-ops.ts';

/** Bit by bit, as RFC 3720 appendix B.4 defines it. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('portableByteOps.matches()', () => {
  it('bytes match a part that is there whole, and none that differs or runs past the end', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const { matches } = portableByteOps;
    assert.deepEqual(
      [0, 1, 2, 9].map((at) => matches(bytes, at, new Uint8Array([2, 3]))),
      [false, true, false, false],
    );
  });
});

describe('portableByteOps.crc32c()', () => {
  // RFC 3720 appendix B.4.
  const known: readonly (readonly [string, Uint8Array, number])[] = [
    ['32 zeros', new Uint8Array(32), 0x8a91_36aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8_ab43],
    ['0 to 31', Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd_794e],
    ['123456789', new TextEncoder().encode('123456789'), 0xe306_9283],
  ];
  for (const [name, bytes, crc] of known) {
    it(`CRC-32C of ${name} is correct`, () => assert.equal(portableByteOps.crc32c(bytes, 0), crc));
  }

  it('a CRC-32C that was put after its bytes is found there, and only there', () => {
    const { putCrc32c, hasCrc32c } = portableByteOps;
    const bytes = Uint8Array.from({ length: 40 }, (_, index) => index * 7);
    putCrc32c(bytes, 3, 30, 32);
    assert.deepEqual(bytes.slice(32, 36), new Uint8Array(new Uint32Array([slowCrc32c(bytes.subarray(3, 30))]).buffer));
    assert.ok(hasCrc32c(bytes, 3, 30, 32));
    for (const at of [3, 29, 32, 35]) {
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      assert.ok(!hasCrc32c(bytes, 3, 30, 32), `${at}`);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
    }
  });

  it('CRC-32C matches the definition for any bytes, split anywhere and at any alignment', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(7), (bytes, cut, shift) => {
        const shifted = new Uint8Array(bytes.length + shift).subarray(shift);
        shifted.set(bytes);
        const first = portableByteOps.crc32c(shifted.subarray(0, cut), 0);
        assert.equal(portableByteOps.crc32c(shifted.subarray(cut), first), slowCrc32c(bytes));
      }),
    );
  });
});

describe('zeros at the ends of bytes', () => {
  it('zeros are counted at the start and at the end of bytes', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.uint8Array({ maxLength: 3 }), fc.nat(200), (before, middle, after) => {
        const bytes = new Uint8Array([...new Uint8Array(before), ...middle, ...new Uint8Array(after)]);
        const first = bytes.findIndex((byte) => byte !== 0);
        const last = bytes.findLastIndex((byte) => byte !== 0);
        assert.equal(portableByteOps.countLeadingZeros(bytes), first < 0 ? bytes.length : first);
        assert.equal(trailingZeros(bytes, portableByteOps), bytes.length - 1 - last);
      }),
    );
  });
});
