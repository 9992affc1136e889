import assert from 'node:assert/strict';
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isOperationError, type OperationError } from '@innkeeper/contract/errors';
import { mib } from '@innkeeper/kit';
import { importImage } from './import-image.ts';
import { ImageFixture } from './testing/image-fixture.ts';

/** Imports a file; resolves to the refusal. */
async function refusal(fixture: ImageFixture, path: string): Promise<OperationError> {
  const directory = join(fixture.directory, 'out');
  const error = await importImage(path, { directory }).catch((error: unknown) => error);
  assert.ok(isOperationError(error) && error.reason === 'IMAGE_UNREADABLE', `${path} was not refused: ${error}`);
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.startsWith('original')),
    [],
  );
  return error;
}

const disks: Readonly<Record<string, readonly [argv: readonly string[], named: RegExp, command: string]>> = {
  VDI: [['-f', 'vdi'], /it is a VDI disk/, 'convert -f vdi -O qcow2'],
  QED: [['-f', 'qed'], /it is a QED disk/, 'convert -f qed -O qcow2'],
  'VHD that grows': [['-f', 'vpc'], /it is a VHD disk/, 'convert -f vpc -O qcow2'],
  'VHD of a fixed size': [['-f', 'vpc', '-o', 'subformat=fixed'], /it is a VHD disk/, 'convert -f vpc -O qcow2'],
  VHDX: [['-f', 'vhdx'], /it is a VHDX disk/, 'convert -f vhdx -O qcow2'],
  VMDK: [['-f', 'vmdk'], /it is a VMDK disk/, 'convert -f vmdk -O qcow2'],
  'VMDK for streams': [['-f', 'vmdk', '-o', 'subformat=streamOptimized'], /a VMDK disk/, 'convert -f vmdk -O qcow2'],
  'VMDK of two files': [['-f', 'vmdk', '-o', 'subformat=monolithicFlat'], /of a VMDK disk/, 'convert -f vmdk -O qcow2'],
  Parallels: [['-f', 'parallels'], /it is a Parallels disk/, 'convert -f parallels -O qcow2'],
  'qcow 1': [['-f', 'qcow'], /it is a qcow disk of version 1/, 'convert -f qcow -O qcow2'],
};
for (const [name, [argv, named, command]] of Object.entries(disks)) {
  test(`a disk of the format ${name} is refused by name, with the qemu-img command that converts it`, async () => {
    using fixture = new ImageFixture();
    const path = join(fixture.directory, 'my disk.dsk');
    fixture.run('qemu-img', ['create', '-q', ...argv, path, '8M']);
    const { message, nextStep } = await refusal(fixture, path);
    assert.match(message, named);
    assert.ok(nextStep.includes(`qemu-img ${command} '${path}' '${path.replace('.dsk', '.qcow2')}'`), nextStep);
    const [, run = ''] = nextStep.split('result: ');
    fixture.run('sh', ['-c', run]);
    await importImage(path.replace('.dsk', '.qcow2'), { directory: join(fixture.directory, 'converted') });
  });
}

/** A file of `length` zeros with these bytes at an offset. */
function bytesAt(offset: number, bytes: string, length = mib): Buffer {
  const content = Buffer.alloc(length);
  content.write(bytes, offset, 'latin1');
  return content;
}

const tarHead = (member: string): Buffer => {
  const head = bytesAt(257, 'ustar');
  head.write(member, 0, 'latin1');
  return head;
};

const others: Readonly<Record<string, readonly [content: Buffer | string, named: RegExp, next: RegExp]>> = {
  OVA: [tarHead('appliance.ovf'), /it is an OVA archive/, /tar -xf .* && qemu-img convert -f vmdk -O qcow2/],
  tar: [tarHead('disk.raw'), /it is a tar archive/, /tar -xf /],
  ISO: [bytesAt(0x8001, 'CD001'), /it is an ISO image/, /"cloud" image/],
  zip: [bytesAt(0, 'PK\x03\x04'), /it is a zip archive/, /unzip /],
  '7z': [bytesAt(0, "7z\xbc\xaf'\x1c"), /it is a 7z archive/, /7z x /],
  bzip2: [bytesAt(0, 'BZh91AY&SY'), /it is compressed with bzip2/, /bzip2 -dc /],
  gzip: [bytesAt(0, '\x1f\x8b\x08'), /it is compressed with gzip/, /gzip -dc /],
  xz: [bytesAt(0, '\xfd7zXZ'), /it is compressed with xz/, /xz -dc /],
  zstd: [bytesAt(0, '\x28\xb5\x2f\xfd'), /it is compressed with zstd/, /zstd -dc /],
  lz4: [bytesAt(0, '\x04\x22\x4d\x18'), /it is compressed with lz4/, /lz4 -dc /],
  DMG: [bytesAt(mib - 512, 'koly'), /it is a DMG disk/, /qemu-img convert -f dmg -O qcow2/],
  squashfs: [bytesAt(0, 'hsqs'), /it is a squashfs file system/, /disk image/],
  'HTML page': ['\n<!DOCTYPE html>\n<html><title>404</title></html>', /it is an HTML page/, /download the disk image/],
  'XML document': [`<?xml version="1.0"?>${' '.repeat(200)}`, /it is an XML document/, /download the disk image/],
  'text file': ['Not found. Ask somebody else.\n'.repeat(20), /it is a text file/, /download the disk image/],
  kernel: [bytesAt(0, '\x7fELF'), /it is a program or a kernel/, /Add the disk image/],
};
for (const [name, [content, named, next]] of Object.entries(others)) {
  test(`a file of the kind "${name}" is refused by name, with what to do`, async () => {
    using fixture = new ImageFixture();
    const path = join(fixture.directory, 'file');
    writeFileSync(path, content);
    const { message, nextStep } = await refusal(fixture, path);
    assert.match(message, named);
    assert.match(nextStep, next);
  });
}

test('a qcow2 that was cut is refused as cut off, wherever it was cut, and the whole one is taken', async () => {
  using fixture = new ImageFixture();
  const [raw, whole, half] = ['raw', 'whole.qcow2', 'half.qcow2'].map((name) => join(fixture.directory, name));
  assert.ok(raw !== undefined && whole !== undefined && half !== undefined);
  writeFileSync(raw, Buffer.alloc(4 * mib, 'data'));
  fixture.run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, whole]);
  for (const kept of [0.9, 0.5, 0.05]) {
    fixture.run('cp', [whole, half]);
    truncateSync(half, Math.round(4 * mib * kept));
    const { message, nextStep } = await refusal(fixture, half);
    assert.match(message, /cut off/);
    assert.match(nextStep, /again, and compare its checksum/);
  }
  const directory = join(fixture.directory, 'good');
  assert.equal((await importImage(whole, { directory })).format, 'qcow2');
});
