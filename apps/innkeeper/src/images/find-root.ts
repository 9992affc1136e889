import { OperationError } from '@innkeeper/contract/errors';
import type { Abortable } from '../host-tools/index.ts';
import { type FileSystemPlace, findFileSystemErrors, recoverFileSystem } from './check-file-system.ts';
import { DebugfsSession } from './debugfs-session.ts';
import { readExtSuperblock } from './ext-superblock.ts';
import { ImageTree } from './image-tree.ts';
import { detectInitSystem, type InitSystem } from './init-system.ts';
import { readPartitionTable } from './partition-table.ts';
import { openRandomAccess } from './random-access.ts';

export interface RootFileSystem extends FileSystemPlace {
  readonly initSystem: InitSystem;
}

/**
 * Finds the file system in a raw image that has an init system: the whole disk, else the first such partition. File
 * systems that were not unmounted are brought into order on the way, so this must be a copy.
 * Rejects with IMAGE_NOT_EXT4, IMAGE_NO_INIT, or IMAGE_CORRUPT when one that has errors is met before.
 */
export async function findRoot(imagePath: string, options: Abortable = {}): Promise<RootFileSystem> {
  const offsets = await findExtFileSystems(imagePath);
  if (offsets.length === 0) {
    throw new OperationError('IMAGE_NOT_EXT4', 'Neither the image nor a partition in it is ext2, ext3 or ext4.');
  }
  for (const offsetBytes of offsets) {
    const place = { imagePath, offsetBytes };
    await bringIntoOrder(place, options);
    const initSystem = await lookForInit(place, options);
    if (initSystem !== undefined) return { ...place, initSystem };
  }
  throw new OperationError('IMAGE_NO_INIT', 'No init system that we know was found in the image.');
}

async function findExtFileSystems(imagePath: string): Promise<number[]> {
  await using disk = await openRandomAccess(imagePath);
  const isRootLike = async (offset: number): Promise<boolean> => {
    const superblock = await readExtSuperblock(disk, offset);
    return superblock !== undefined && !superblock.isJournalDevice;
  };
  if (await isRootLike(0)) return [0];
  const found: number[] = [];
  for (const { offsetBytes } of await readPartitionTable(disk)) {
    if (await isRootLike(offsetBytes)) found.push(offsetBytes);
  }
  return found;
}

async function bringIntoOrder(place: FileSystemPlace, options: Abortable): Promise<void> {
  await using disk = await openRandomAccess(place.imagePath);
  const superblock = await readExtSuperblock(disk, place.offsetBytes);
  if (superblock !== undefined) await recoverFileSystem(place, superblock, options);
  const wrong = await findFileSystemErrors(place, options);
  if (wrong !== undefined) throw new OperationError('IMAGE_CORRUPT', `The image’s file system has errors: ${wrong}.`);
}

async function lookForInit(place: FileSystemPlace, options: Abortable): Promise<InitSystem | undefined> {
  await using session = await DebugfsSession.open({ ...place, writable: false }, options);
  return await detectInitSystem(new ImageTree(session));
}
