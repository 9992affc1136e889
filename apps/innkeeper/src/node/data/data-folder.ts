import { chmod, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { isOperationError, OperationError } from '@innkeeper/contract';
import { errorMessage } from '@innkeeper/kit';
import { assertUsable } from './usable-path.ts';

/** The files of a daemon. All paths are absolute. */
export interface DataFolder {
  readonly path: string;
  readonly socket: string;
  /** Socket for control planes. */
  readonly controlSocket: string;
  readonly database: string;
  readonly lock: string;
  readonly cache: string;
  /** Contains the number of the port for guests, so that it stays the same. */
  readonly guestPort: string;
  /** The key that signs agents. */
  readonly updateKey: string;
  /** Folder of the daemon's self-signed certificate. */
  readonly tls: string;
  /** Folder of what adopted VMs need besides their rows: tokens for Proxmox VE, and freezes that the node ends. */
  readonly adopted: string;
  imageFolder(name: string): string;
  vmFolder(id: string): string;
  /** Short, since the kernel limits socket paths to 107 bytes. */
  runFolder(id: string): string;
}

/** The default folder: $XDG_DATA_HOME/innkeeper, or ~/.local/share/innkeeper. */
export function defaultDataFolder(environment: NodeJS.ProcessEnv): string {
  const home = environment['XDG_DATA_HOME'];
  return join(home === undefined || home === '' ? join(homedir(), '.local/share') : home, 'innkeeper');
}

/** The paths inside a data folder; creates nothing. */
function dataFolderAt(path: string): DataFolder {
  const root = resolve(path);
  return {
    path: root,
    socket: join(root, 'innkeeper.sock'),
    controlSocket: join(root, 'control.sock'),
    database: join(root, 'innkeeper.db'),
    lock: join(root, 'lock'),
    cache: join(root, 'cache'),
    guestPort: join(root, 'guest-port'),
    updateKey: join(root, 'update-key.pem'),
    tls: join(root, 'tls'),
    adopted: join(root, 'adopted'),
    imageFolder: (name) => join(root, 'images', name),
    vmFolder: (id) => join(root, 'vms', id),
    runFolder: (id) => join(root, 'run', id.slice(0, 8)),
  };
}

/** Creates the folder, accessible only to this user. Fails with DATA_FOLDER_UNUSABLE. */
export async function makeDataFolder(path: string): Promise<DataFolder> {
  const folder = dataFolderAt(path);
  try {
    assertUsable(folder.path, 'folder');
    await mkdir(folder.path, { recursive: true, mode: 0o700 });
    await chmod(folder.path, 0o700);
    for (const name of ['images', 'vms', 'run', 'cache', 'tls', 'adopted'])
      assertUsable(join(folder.path, name), 'folder');
    for (const name of ['images', 'vms', 'run', 'cache'])
      await mkdir(join(folder.path, name), { recursive: true, mode: 0o700 });
    const files = [folder.lock, `${folder.lock}.pid`, folder.guestPort];
    for (const file of [...files, join(folder.path, 'folder-id')]) assertUsable(file, 'file');
  } catch (error) {
    const why = `The data folder ${folder.path} cannot be used: ${errorMessage(error).replace(/\.$/, '')}.`;
    const nextStep = isOperationError(error) ? error.nextStep : undefined;
    throw new OperationError('DATA_FOLDER_UNUSABLE', why, { cause: error, nextStep });
  }
  return folder;
}
