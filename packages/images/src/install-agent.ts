import { OperationError } from '@innkeeper/contract/errors';
import { mib } from '@innkeeper/kit';
import { type ByArchitecture, hostArchitecture, machineOf } from './agent-architecture.ts';
import { type FileSystemPlace, findFileSystemErrors, recoverFileSystem } from './check-file-system.ts';
import { DebugfsSession } from './debugfs-session.ts';
import type { ExtSuperblock } from './ext-superblock.ts';
import type { Abortable } from './host-tools/index.ts';
import { ImageEditor, type WrittenEntry } from './image-editor.ts';
import { detectInitSystem, type InitSystem } from './init-system.ts';
import { agentPath, planInstallation } from './install-plan.ts';
import { corrupt, superblockOf, surveyDisk } from './survey-disk.ts';

export interface InstallAgentOptions extends Abortable {
  /** A raw disk that nothing else uses. Changed in place; unusable after a failure. */
  readonly imagePath: string;
  /** The one for the image's architecture is installed. */
  readonly agents: ByArchitecture<Uint8Array>;
  /** Text of the guest's file of keys that may sign a later agent. Default: there is none. */
  readonly updateKeys?: string | undefined;
  /** A private folder of the host for temporary copies. */
  readonly workDirectory: string;
  /** Folder with the units and scripts. Default: packaging/ of this checkout. */
  readonly packagingDirectory?: string | undefined;
}

export interface InstalledAgent {
  readonly initSystem: InitSystem;
  readonly offsetBytes: number;
}

/** Inodes for the agent, its service, and missing folders. */
const neededInodes = 16;
/** Blocks in addition to those of the file contents: for folders, links, extent trees. */
const spareBlocks = 32;

/**
 * Installs the agent in the first file system of a raw disk that has an init system, replacing an earlier agent, and
 * verifies the result. Rejects with an IMAGE_ reason when that is not possible.
 */
export async function installAgent(options: InstallAgentOptions): Promise<InstalledAgent> {
  const { signal } = options;
  const { places, other, uefiOnly } = await surveyDisk(options.imagePath);
  if (uefiOnly) {
    throw new OperationError(
      'IMAGE_NEEDS_UEFI',
      'The image starts only with UEFI: it has an EFI system partition, and no boot loader for a BIOS.',
    );
  }
  if (places.length === 0) throw notExt4(other);
  let failure: unknown;
  for (const place of places) {
    try {
      return await installInto(place, options);
    } catch (error) {
      signal?.throwIfAborted();
      failure ??= error;
      // A partition for /boot may precede the root, so a missing init is not yet a failure.
      if (OperationError.from(error).reason !== 'IMAGE_NO_INIT') throw error;
    }
  }
  // The ext file system was that of /boot.
  if (other !== undefined) throw notExt4(other);
  throw failure;
}

function notExt4(other: string | undefined): OperationError {
  const what =
    other === undefined
      ? 'The image has no ext2, ext3 or ext4 file system, nor a partition with one.'
      : `The image’s root is on ${other}, not on ext2, ext3 or ext4.`;
  return new OperationError('IMAGE_NOT_EXT4', what);
}

async function installInto(place: FileSystemPlace, options: InstallAgentOptions): Promise<InstalledAgent> {
  const { signal } = options;
  await recoverFileSystem(place, await superblockOf(place), { signal });
  const before = await findFileSystemErrors(place, { signal });
  if (before !== undefined) throw corrupt(`It had errors before anything was changed: ${before}.`);

  const { initSystem, entries } = await writeEntries(place, await superblockOf(place), options);
  await readBack(place, entries, options);
  const after = await findFileSystemErrors(place, { signal });
  if (after !== undefined) throw new OperationError('INTERNAL', `Writing the agent damaged the file system: ${after}.`);
  return { initSystem, offsetBytes: place.offsetBytes };
}

async function writeEntries(
  place: FileSystemPlace,
  superblock: ExtSuperblock,
  options: InstallAgentOptions,
): Promise<{ initSystem: InitSystem; entries: WrittenEntry[] }> {
  await using session = await DebugfsSession.open({ ...place, writable: true }, options);
  const editor = new ImageEditor(session, options.workDirectory);
  const initSystem = await detectInitSystem(editor.tree);
  if (initSystem === undefined) {
    throw new OperationError('IMAGE_NO_INIT', 'No init system was recognised (systemd, OpenRC, SysV or busybox).');
  }
  const agent = await agentFor(editor, options.agents);
  const entries: WrittenEntry[] = [];
  // All entries are checked before the first one is written.
  for (const planned of await planInstallation(initSystem, agent, options)) {
    entries.push(await editor.settle(planned));
  }
  const replaced = await editor.tree.node(agentPath, 'follow standard');
  assertRoom(superblock, entries, replaced?.type === 'regular' ? replaced.sizeBytes : 0);
  for (const entry of entries) await editor.write(entry);
  await session.close();
  return { initSystem, entries };
}

/** Programs of which every system has at least one, and whose header has its architecture. */
const programs = ['/sbin/init', '/usr/sbin/init', '/bin/sh', '/bin/busybox'];

/**
 * Returns the agent for the architecture of an image's init, or for this host's if the image has no ELF programs.
 * Rejects with IMAGE_ARCHITECTURE when there is no agent for it.
 */
async function agentFor(editor: ImageEditor, agents: ByArchitecture<Uint8Array>): Promise<Uint8Array> {
  let found: ReturnType<typeof machineOf>;
  for (const path of programs) found ??= machineOf(await editor.readHead(path));
  const architecture = found ?? hostArchitecture;
  const agent = typeof architecture === 'string' ? agents[architecture] : undefined;
  if (agent !== undefined) return agent;
  const what = typeof architecture === 'string' ? architecture : `ELF machine ${architecture.unknownMachine}`;
  const has = Object.keys(agents).join(' and ') || 'none';
  throw new OperationError('IMAGE_ARCHITECTURE', `The image is for ${what}; this daemon has agents for: ${has}.`);
}

/** Verifies with a new debugfs process, so that the file is read and not the first process's memory. */
async function readBack(
  place: FileSystemPlace,
  entries: readonly WrittenEntry[],
  options: InstallAgentOptions,
): Promise<void> {
  await using session = await DebugfsSession.open({ ...place, writable: false }, options);
  const editor = new ImageEditor(session, options.workDirectory);
  for (const entry of entries) {
    const wrong = await editor.whatIsWrong(entry);
    if (wrong !== undefined) throw corrupt(`The written files could not be verified: ${wrong}.`);
  }
  await session.close();
}

/** Checked in advance, since debugfs notices a full file system only after writing half of a file. */
function assertRoom(superblock: ExtSuperblock, entries: readonly WrittenEntry[], replacedBytes: number): void {
  const { blockBytes, freeBlocks, freeInodes } = superblock;
  const blocksOf = (bytes: number): number => Math.ceil(bytes / blockBytes);
  const contents = entries.map((entry) => (entry.kind === 'file' ? blocksOf(entry.content.length) : 1));
  const needed = contents.reduce((sum, blocks) => sum + blocks, spareBlocks);
  const free = freeBlocks + blocksOf(replacedBytes);
  if (free >= needed && freeInodes >= neededInodes) return;
  const inMib = (blocks: number): string => `${((blocks * blockBytes) / mib).toFixed(1)} MiB`;
  const what = free < needed ? `${inMib(needed)} needed, ${inMib(free)} free` : `${freeInodes} inodes free`;
  throw new OperationError('IMAGE_FULL', `The image’s file system does not have enough space for the agent: ${what}.`);
}
