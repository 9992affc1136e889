import { OperationError } from '@innkeeper/contract/errors';
import { kib } from '@innkeeper/kit';
import type { Abortable } from '../host-tools/index.ts';
import { findFileSystemErrors } from './check-file-system.ts';
import { DebugfsSession } from './debugfs-session.ts';
import { readExtSuperblock } from './ext-superblock.ts';
import type { RootFileSystem } from './find-root.ts';
import { ImageEditor, type WrittenEntry } from './image-editor.ts';
import { planInstallation } from './install-plan.ts';
import { openRandomAccess } from './random-access.ts';

/** For folders and links that are made on the way. */
const spareBytes = 64 * kib;
const spareInodes = 16;

/**
 * Writes the agent and its service into a file system that is in order, then reads everything back and checks the
 * file system. Nothing is written before every place is known to be safe and the room to be enough.
 * `workDirectory` is a private folder on the host.
 * Rejects with IMAGE_UNSAFE_PATH, IMAGE_FULL or IMAGE_CORRUPT; the image is then good for nothing.
 */
export async function putAgentIn(
  root: RootFileSystem,
  agent: Uint8Array,
  workDirectory: string,
  options: Abortable = {},
): Promise<void> {
  const plan = await planInstallation(root.initSystem, agent);
  const written: WrittenEntry[] = [];
  {
    await using session = await DebugfsSession.open({ ...root, writable: true }, options);
    const editor = new ImageEditor(session, workDirectory);
    for (const entry of plan) written.push(await editor.settle(entry));
    await assertRoom(root, editor, written);
    for (const entry of written) {
      options.signal?.throwIfAborted();
      await editor.write(entry);
    }
    await session.close();
  }
  await using session = await DebugfsSession.open({ ...root, writable: false }, options);
  const reader = new ImageEditor(session, workDirectory);
  for (const entry of written) {
    const wrong = await reader.whatIsWrong(entry);
    if (wrong !== undefined) throw new OperationError('IMAGE_CORRUPT', `Read back from the image, ${wrong}.`);
  }
  await session.close();
  const wrong = await findFileSystemErrors(root, options);
  if (wrong !== undefined) {
    throw new OperationError('IMAGE_CORRUPT', `With the agent inside, the image’s file system has errors: ${wrong}.`);
  }
}

async function assertRoom(root: RootFileSystem, editor: ImageEditor, entries: readonly WrittenEntry[]): Promise<void> {
  await using disk = await openRandomAccess(root.imagePath);
  const superblock = await readExtSuperblock(disk, root.offsetBytes);
  if (superblock === undefined) throw new OperationError('IMAGE_CORRUPT', 'The superblock is gone.');
  let neededBytes = spareBytes;
  for (const entry of entries) {
    const existing = await editor.tree.node(entry.path, 'follow standard');
    // Replaced files give their room back first.
    if (existing?.type === 'regular') neededBytes -= existing.sizeBytes;
    if (entry.kind === 'file') neededBytes += entry.content.length;
  }
  const freeBytes = superblock.freeBlocks * superblock.blockBytes;
  if (freeBytes < neededBytes || superblock.freeInodes < spareInodes) {
    const detail = `needs ${Math.ceil(neededBytes / kib)} KiB and ${spareInodes} inodes`;
    const free = `${Math.floor(freeBytes / kib)} KiB and ${superblock.freeInodes} are free`;
    throw new OperationError('IMAGE_FULL', `The agent ${detail} in the image’s file system; ${free}.`);
  }
}
