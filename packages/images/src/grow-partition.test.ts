import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mib } from '@innkeeper/kit';
import { createOverlay } from './create-overlay.ts';
import { readPartitionTable } from './partition-table.ts';
import { openRandomAccess } from './random-access.ts';
import { ImageFixture, layouts } from './testing/image-fixture.ts';
import { biosBootType, linuxType, writeGpt } from './testing/write-gpt.ts';

/** The overlay of a base with a larger size, as the guest reads it, and why its root does not grow. */
async function enlarged(fixture: ImageFixture, base: Buffer, sizeBytes: number) {
  const basePath = join(fixture.directory, 'base.raw');
  writeFileSync(basePath, base);
  const diskPath = join(fixture.directory, 'disk.qcow2');
  const whyNot = await createOverlay({ basePath, baseFormat: 'raw', diskPath, sizeBytes });
  const path = join(fixture.directory, 'seen.raw');
  fixture.run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', diskPath, path]);
  assert.deepEqual(readFileSync(basePath), base, 'the base was changed');
  await using disk = await openRandomAccess(path);
  return { whyNot, path, sizeBytes: disk.sizeBytes, partitions: await readPartitionTable(disk) };
}

function rootAt(fixture: ImageFixture, offset: number): Buffer {
  const root = readFileSync(fixture.image(layouts.systemd, { size: '16M' }));
  const disk = Buffer.alloc(offset + root.length + mib);
  root.copy(disk, offset);
  return disk;
}

test('the last partition of a GPT reaches the end of a larger disk, with a valid table at both ends', async () => {
  using fixture = new ImageFixture();
  const base = rootAt(fixture, 4 * mib);
  writeGpt(base, [
    { offset: 4 * mib, size: 16 * mib, type: linuxType },
    { offset: mib, size: mib, type: biosBootType },
  ]);
  const { whyNot, path, sizeBytes, partitions } = await enlarged(fixture, base, 100 * mib);
  assert.equal(whyNot, undefined);
  assert.equal(sizeBytes, 100 * mib);
  const places = partitions.map(({ offsetBytes, sizeBytes: size }) => [offsetBytes / mib, size / mib]);
  assert.deepEqual(places, [
    [4, 95],
    [1, 1],
  ]);
  assert.equal(fixture.run('debugfs', ['-R', 'cat /usr/lib/systemd/systemd', `${path}?offset=${4 * mib}`]), 'x');

  // The backup is read when the first header is damaged.
  const damaged = readFileSync(path);
  damaged.fill(0, 512, 520);
  const read = async (offset: number, length: number) => damaged.subarray(offset, offset + length);
  assert.deepEqual(await readPartitionTable({ sizeBytes: damaged.length, read }), partitions);
  // Both headers and tables have right checksums: growing it again takes them.
  const again = await enlarged(fixture, readFileSync(path), 200 * mib);
  assert.equal(again.partitions[0]?.sizeBytes, 195 * mib);
});

test('the last partition of an MBR reaches the end of a larger disk', async () => {
  using fixture = new ImageFixture();
  const base = rootAt(fixture, mib);
  base.writeUInt8(0x83, 446 + 4);
  base.writeUInt32LE(2048, 446 + 8);
  base.writeUInt32LE((16 * mib) / 512, 446 + 12);
  base.writeUInt16LE(0xaa55, 510);
  const { whyNot, partitions } = await enlarged(fixture, base, 64 * mib);
  assert.equal(whyNot, undefined);
  assert.deepEqual(partitions, [{ offsetBytes: mib, sizeBytes: 63 * mib, type: '83' }]);
});

test('a whole disk with an ext file system needs no change to have room for a larger root', async () => {
  using fixture = new ImageFixture();
  const base = readFileSync(fixture.image(layouts.busybox));
  const { whyNot, sizeBytes } = await enlarged(fixture, base, 64 * mib);
  assert.deepEqual([whyNot, sizeBytes], [undefined, 64 * mib]);
});

test('a root that cannot grow at the first boot is reported with the reason, and the table stays as it is', async () => {
  using fixture = new ImageFixture();
  const base = rootAt(fixture, mib);
  writeGpt(base.subarray(0), [
    { offset: mib, size: 8 * mib, type: linuxType },
    { offset: 16 * mib, size: mib, type: linuxType },
  ]);
  const { whyNot, partitions } = await enlarged(fixture, base, 64 * mib);
  assert.match(whyNot ?? '', /last partition of the image is not an ext file system/);
  assert.equal(partitions.length, 2);
  assert.match((await enlarged(fixture, Buffer.alloc(mib), 2 * mib)).whyNot ?? '', /no ext file system/);
});
