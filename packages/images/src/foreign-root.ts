import { type Partition, partitionTypes, readPartitionTable } from './partition-table.ts';
import type { RandomAccess } from './random-access.ts';

/** What a disk or partition can hold instead of ext2, ext3 or ext4: the bytes that it is known by, and where they are. */
const contents: readonly (readonly [name: string, offset: number, bytes: string])[] = [
  ['LUKS (encrypted)', 0, 'LUKS\xba\xbe'],
  // The label is in one of the first four sectors.
  ['LVM', 0, 'LABELONE'],
  ['LVM', 512, 'LABELONE'],
  ['LVM', 1024, 'LABELONE'],
  ['LVM', 1536, 'LABELONE'],
  ['btrfs', 0x10040, '_BHRfS_M'],
  ['XFS', 0, 'XFSB'],
  ['NTFS', 3, 'NTFS    '],
  ['BitLocker (encrypted)', 3, '-FVE-FS-'],
  ['ReFS', 3, 'ReFS\0'],
  ['F2FS', 1024, '\x10\x20\xf5\xf2'],
  ['bcachefs', 4120, '\xc6\x85\x73\xf6\x4e\x1a\x45\xca'],
  ['software RAID', 4096, '\xfc\x4e\x2b\xa9'],
  ['JFS', 0x8000, 'JFS1'],
  ['ReiserFS', 0x10034, 'ReIsEr'],
  ['EROFS', 1024, '\xe2\xe1\xf5\xe0'],
  ['squashfs', 0, 'hsqs'],
];

/**
 * The name of what the root of a disk without an ext root is on, such as "btrfs"; undefined if nothing is recognised. Of
 * several, that of the largest partition.
 */
export async function foreignRoot(disk: RandomAccess): Promise<string | undefined> {
  const whole = await contentAt(disk, 0);
  if (whole !== undefined) return whole;
  const bySize = [...(await readPartitionTable(disk))].sort((a, b) => b.sizeBytes - a.sizeBytes);
  for (const { offsetBytes } of bySize) {
    const content = await contentAt(disk, offsetBytes);
    if (content !== undefined) return content;
  }
  return undefined;
}

async function contentAt(disk: RandomAccess, begin: number): Promise<string | undefined> {
  for (const [name, offset, bytes] of contents) {
    const found = await disk.read(begin + offset, bytes.length);
    if (found.toString('latin1') === bytes) return name;
  }
  return undefined;
}

/** Boot code of a BIOS fills the first sector up to the disk's signature. */
const bootCodeBytes = 440;

/**
 * Whether only UEFI can start a disk: it has an EFI system partition, and neither boot code in its first sector nor a
 * partition for a BIOS boot loader.
 */
export async function needsUefi(disk: RandomAccess): Promise<boolean> {
  const partitions = await readPartitionTable(disk);
  if (!partitions.some(isEfiSystem) || partitions.some(({ type }) => type === partitionTypes.biosBoot)) return false;
  return (await disk.read(0, bootCodeBytes)).every((byte) => byte === 0);
}

function isEfiSystem({ type }: Partition): boolean {
  return type === partitionTypes.efiSystem || type === 'ef';
}
