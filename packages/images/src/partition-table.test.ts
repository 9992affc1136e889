import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readPartitionTable } from './partition-table.ts';
import type { RandomAccess } from './random-access.ts';

const sector = 512;

function disk(content: Buffer): RandomAccess {
  return { sizeBytes: content.length, read: async (offset, length) => content.subarray(offset, offset + length) };
}

/** Where the partitions are. */
async function placesIn(content: Buffer): Promise<{ offsetBytes: number; sizeBytes: number }[]> {
  const partitions = await readPartitionTable(disk(content));
  return partitions.map(({ offsetBytes, sizeBytes }) => ({ offsetBytes, sizeBytes }));
}

interface Entry {
  readonly type: number;
  readonly first: number;
  readonly count: number;
}

function writeTable(content: Buffer, at: number, entries: readonly Entry[]): void {
  entries.forEach(({ type, first, count }, index) => {
    const entry = at * sector + 446 + index * 16;
    content.writeUInt8(type, entry + 4);
    content.writeUInt32LE(first, entry + 8);
    content.writeUInt32LE(count, entry + 12);
  });
  content.writeUInt16LE(0xaa55, at * sector + 510);
}

function writeGpt(content: Buffer, at: number, ranges: readonly (readonly [bigint, bigint])[], entryBytes = 128): void {
  content.write('EFI PART', at * sector, 'latin1');
  content.writeBigUInt64LE(2n, at * sector + 72);
  content.writeUInt32LE(128, at * sector + 80);
  content.writeUInt32LE(entryBytes, at * sector + 84);
  ranges.forEach(([first, last], index) => {
    const entry = 2 * sector + index * entryBytes;
    content.fill(1, entry, entry + 16);
    content.writeBigUInt64LE(first, entry + 32);
    content.writeBigUInt64LE(last, entry + 40);
  });
}

const protective = [{ type: 0xee, first: 1, count: 0xffff_ffff }];
const sectors = (first: number, count: number) => ({ offsetBytes: first * sector, sizeBytes: count * sector });

it('readPartitionTable() finds primary and logical partitions of an MBR', async () => {
  const content = Buffer.alloc(400 * sector);
  writeTable(content, 0, [
    { type: 0x83, first: 10, count: 20 },
    { type: 0x05, first: 100, count: 200 },
  ]);
  writeTable(content, 100, [
    { type: 0x83, first: 1, count: 9 },
    { type: 0x05, first: 50, count: 50 },
  ]);
  writeTable(content, 150, [{ type: 0x82, first: 2, count: 8 }]);
  assert.deepEqual(await placesIn(content), [sectors(10, 20), sectors(101, 9), sectors(152, 8)]);
});

it('readPartitionTable() ends at a circular chain of logical partitions', async () => {
  const content = Buffer.alloc(200 * sector);
  writeTable(content, 0, [{ type: 0x0f, first: 100, count: 90 }]);
  writeTable(content, 100, [
    { type: 0x83, first: 1, count: 9 },
    { type: 0x05, first: 1, count: 9 },
  ]);
  writeTable(content, 101, [
    { type: 0x83, first: 1, count: 9 },
    { type: 0x05, first: 1, count: 9 },
  ]);
  assert.ok((await readPartitionTable(disk(content))).length <= 60);
});

it('readPartitionTable() finds partitions of a GPT, using its backup when the first header is damaged', async () => {
  const content = Buffer.alloc(300 * sector);
  writeTable(content, 0, protective);
  writeGpt(content, 1, [
    [40n, 59n],
    [60n, 99n],
  ]);
  const expected = [sectors(40, 20), sectors(60, 40)];
  assert.deepEqual(await placesIn(content), expected);
  writeGpt(content, 299, []);
  content.fill(0, sector, sector + 8);
  assert.deepEqual(await placesIn(content), expected);
});

it('readPartitionTable() leaves out partitions that extend beyond the disk, are empty or overlap the table', async () => {
  const content = Buffer.alloc(100 * sector);
  writeTable(content, 0, protective);
  writeGpt(content, 1, [
    [90n, 100n],
    [50n, 40n],
    [0n, 10n],
    [0xffff_ffff_ffff_fff0n, 0xffff_ffff_ffff_ffffn],
    [20n, 29n],
  ]);
  assert.deepEqual(await placesIn(content), [sectors(20, 10)]);
});

it('readPartitionTable() returns nothing for garbage', async () => {
  assert.deepEqual(await readPartitionTable(disk(Buffer.alloc(100))), []);
  assert.deepEqual(await readPartitionTable(disk(Buffer.alloc(4096, 0xff))), []);
  const content = Buffer.alloc(100 * sector);
  writeTable(content, 0, protective);
  for (const entryBytes of [0, 127, 5000, 0xffff_ffff]) {
    writeGpt(content, 1, []);
    content.writeUInt32LE(entryBytes, sector + 84);
    assert.deepEqual(await readPartitionTable(disk(content)), []);
  }
});
