import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { unpackLz4Legacy } from './lz4-legacy.ts';

/** A handmade legacy stream of one block, as in kernels: no library here writes this format. */
function stream(block: readonly number[]): Buffer {
  const header = Buffer.from([0x02, 0x21, 0x4c, 0x18, 0, 0, 0, 0]);
  header.writeUInt32LE(block.length, 4);
  return Buffer.concat([header, Buffer.from(block)]);
}

const letters = (text: string): number[] => [...Buffer.from(text)];

it('LZ4: literals are copied', () => {
  assert.equal(unpackLz4Legacy(stream([0x30, ...letters('abc')]), 10).toString(), 'abc');
});

it('LZ4: a match that overlaps its own output repeats it', () => {
  // "ab", then 8 bytes from 2 back, then "c".
  const block = [0x24, ...letters('ab'), 2, 0, 0x10, ...letters('c')];
  assert.equal(unpackLz4Legacy(stream(block), 20).toString(), 'ababababab'.slice(0, 10).concat('c'));
});

it('LZ4: lengths of several bytes are read', () => {
  const block = [0xf0, 255, 30, ...letters('x'.repeat(300))];
  assert.equal(unpackLz4Legacy(stream(block), 300).toString(), 'x'.repeat(300));
});

it('LZ4: output of the lz4 program with several blocks is decompressed', {
  skip: hasLz4() ? false : 'the program lz4 is not installed',
}, () => {
  const text = Buffer.from('innkeeper '.repeat(900_000));
  const content = Buffer.concat([text, randomBytes(2_000_000), text]);
  const packed = execFileSync('lz4', ['-l', '-c', '-'], { input: content, maxBuffer: 64 * 1024 * 1024 });
  assert.ok(unpackLz4Legacy(packed, content.length).equals(content));
});

it('LZ4: blocks that are truncated, refer too far back or exceed the limit are refused', () => {
  const cases: readonly (readonly number[])[] = [
    [0x30, ...letters('ab')],
    [0x14, ...letters('a'), 2, 0],
    [0x14, ...letters('a'), 0, 0],
    [0x1f, ...letters('a'), 1, 0, 255],
    [0x1f, ...letters('a'), 1, 0, 255, 255, 0],
  ];
  for (const block of cases) assert.throws(() => unpackLz4Legacy(stream(block), 100), RangeError);
  assert.throws(() => unpackLz4Legacy(Buffer.from([2, 0x21, 0x4c, 0x18, 9, 0, 0, 0, 1]), 100), RangeError);
});

function hasLz4(): boolean {
  try {
    execFileSync('lz4', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    // ENOENT: not installed.
    return false;
  }
}
