import { OperationError } from '@innkeeper/contract/errors';
import { hostArchitecture } from './agent-architecture.ts';
import type { FileSystemPlace } from './check-file-system.ts';
import { type ExtSuperblock, readExtSuperblock } from './ext-superblock.ts';
import { foreignRoot, needsUefi } from './foreign-root.ts';
import { readPartitionTable } from './partition-table.ts';
import { openRandomAccess, type RandomAccess } from './random-access.ts';

/** What a disk holds, as far as the agent's installation depends on it. */
export interface DiskSurvey {
  /** Its ext file systems. */
  readonly places: FileSystemPlace[];
  /** What the root is on if it is not on any of these. */
  readonly other: string | undefined;
  readonly uefiOnly: boolean;
}

/** Reads what a raw disk holds. Rejects with IMAGE_CORRUPT for one that is cut off. */
export async function surveyDisk(imagePath: string): Promise<DiskSurvey> {
  await using disk = await openRandomAccess(imagePath);
  // Virtual machines for arm64 have no BIOS, and nothing to tell apart.
  const uefiOnly = hostArchitecture === 'amd64' && (await needsUefi(disk));
  return { places: await findFileSystems(disk, imagePath), other: await foreignRoot(disk), uefiOnly };
}

/** The ext file systems of a disk: the whole disk, or its partitions. */
async function findFileSystems(disk: RandomAccess, imagePath: string): Promise<FileSystemPlace[]> {
  const usable = async (offsetBytes: number, sizeBytes: number): Promise<boolean> => {
    const superblock = await readExtSuperblock(disk, offsetBytes);
    return superblock !== undefined && !superblock.isJournalDevice && fits(superblock, sizeBytes);
  };
  if (await usable(0, disk.sizeBytes)) return [{ imagePath, offsetBytes: 0 }];
  return await fileSystemsOfPartitions(disk, imagePath, usable);
}

async function fileSystemsOfPartitions(
  disk: RandomAccess,
  imagePath: string,
  usable: (offsetBytes: number, sizeBytes: number) => Promise<boolean>,
): Promise<FileSystemPlace[]> {
  const places: FileSystemPlace[] = [];
  for (const { offsetBytes, sizeBytes } of await readPartitionTable(disk)) {
    if (await usable(offsetBytes, sizeBytes)) places.push({ imagePath, offsetBytes });
  }
  return places;
}

/** Rejects a file system that extends beyond its partition, where a write could damage the next one. */
function fits({ blocks, blockBytes }: ExtSuperblock, sizeBytes: number): boolean {
  if (blocks * blockBytes <= sizeBytes) return true;
  throw corrupt('Its size in the superblock is larger than its disk or partition: the image is truncated.');
}

/** The superblock of a file system that was found before. Rejects with IMAGE_CORRUPT. */
export async function superblockOf({ imagePath, offsetBytes }: FileSystemPlace): Promise<ExtSuperblock> {
  await using disk = await openRandomAccess(imagePath);
  const superblock = await readExtSuperblock(disk, offsetBytes);
  if (superblock === undefined) throw corrupt('Its superblock can no longer be read.');
  return superblock;
}

/** The error for a file system that is damaged. */
export function corrupt(what: string): OperationError {
  return new OperationError(
    'IMAGE_CORRUPT',
    `The image’s file system is damaged, so the agent was not installed. ${what}`,
  );
}
