import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mib } from '@innkeeper/kit';
import { hostArchitecture } from './agent-architecture.ts';
import { prepareBase } from './prepare-base.ts';
import { ImageFixture, layouts } from './testing/image-fixture.ts';
import { biosBootType, efiSystemType, linuxType, type TestPartition, writeGpt } from './testing/write-gpt.ts';

/** The reason and detail with which the agent is not installed in a disk. */
async function refusal(fixture: ImageFixture, disk: Buffer): Promise<[reason: string, detail: string]> {
  const originalPath = join(fixture.directory, 'disk.raw');
  writeFileSync(originalPath, disk);
  const { agentBinaryPath, outPath } = fixture;
  const agentPaths = { [hostArchitecture]: agentBinaryPath };
  const made = await prepareBase({ originalPath, format: 'raw', agentPaths, agentVersion: '0.1.0', outPath });
  return made.ok ? ['installed', ''] : [made.reason, made.detail];
}

const roots: Readonly<Record<string, readonly [offset: number, bytes: string]>> = {
  btrfs: [0x10040, '_BHRfS_M'],
  XFS: [0, 'XFSB'],
  LVM: [512, 'LABELONE'],
  LUKS: [0, 'LUKS\xba\xbe'],
  NTFS: [3, 'NTFS    '],
  BitLocker: [3, '-FVE-FS-'],
  F2FS: [1024, '\x10\x20\xf5\xf2'],
  'software RAID': [4096, '\xfc\x4e\x2b\xa9'],
};
for (const [name, [offset, bytes]] of Object.entries(roots)) {
  test(`a disk whose root is on ${name} is named as such: alone, and in a partition after /boot on ext4`, async () => {
    using fixture = new ImageFixture();
    const whole = Buffer.alloc(2 * mib);
    whole.write(bytes, offset, 'latin1');
    const named = `The image’s root is on ${name}`;
    const [reason, detail] = await refusal(fixture, whole);
    assert.equal(reason, 'IMAGE_NOT_EXT4');
    assert.ok(detail.startsWith(named), detail);

    const boot = readFileSync(fixture.image({ vmlinuz: 'x' }, { size: '4M' }));
    const disk = Buffer.alloc(16 * mib);
    boot.copy(disk, mib);
    whole.copy(disk, 6 * mib);
    const placed: TestPartition[] = [
      { offset: mib, size: boot.length, type: linuxType },
      { offset: 6 * mib, size: 8 * mib, type: linuxType },
    ];
    writeGpt(disk, placed);
    const behind = await refusal(fixture, disk);
    assert.equal(behind[0], 'IMAGE_NOT_EXT4');
    assert.ok(behind[1].startsWith(named), behind[1]);
  });
}

test('a disk that only UEFI can start is named as such, and one that a BIOS can start too gets the agent', {
  skip: hostArchitecture === 'amd64' ? false : 'its disk is one of an amd64 machine',
}, async () => {
  using fixture = new ImageFixture();
  const root = readFileSync(fixture.image(layouts.systemd, { size: '16M' }));
  const disk = Buffer.alloc(24 * mib);
  root.copy(disk, 4 * mib);
  const esp: TestPartition = { offset: mib, size: mib, type: efiSystemType };
  const rest: TestPartition = { offset: 4 * mib, size: root.length, type: linuxType };
  writeGpt(disk, [esp, rest]);
  const [reason, detail] = await refusal(fixture, disk);
  assert.equal(reason, 'IMAGE_NEEDS_UEFI');
  assert.match(detail, /starts only with UEFI/);

  writeGpt(disk, [esp, { offset: 2 * mib, size: mib, type: biosBootType }, rest]);
  assert.equal((await refusal(fixture, disk))[0], 'installed');
  writeGpt(disk, [esp, rest]);
  disk.write('\xeb\x63\x90', 0, 'latin1');
  assert.equal((await refusal(fixture, disk))[0], 'installed');
});
