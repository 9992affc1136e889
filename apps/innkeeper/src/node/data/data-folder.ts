import { access, chmod, constants, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import { errorMessage } from '@innkeeper/kit';
import { assertRegularOrMissing } from '@innkeeper/kit/node';

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
  /** Folder of the daemon's self-signed certificate. */
  readonly tls: string;
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
    tls: join(root, 'tls'),
    imageFolder: (name) => join(root, 'images', name),
    vmFolder: (id) => join(root, 'vms', id),
    runFolder: (id) => join(root, 'run', id.slice(0, 8)),
  };
}

/** Creates the folder, accessible only to this user. Fails with DATA_FOLDER_UNUSABLE. */
export async function makeDataFolder(path: string): Promise<DataFolder> {
  const folder = dataFolderAt(path);
  try {
    await mkdir(folder.path, { recursive: true, mode: 0o700 });
    await chmod(folder.path, 0o700);
    for (const name of ['images', 'vms', 'run', 'cache']) {
      await mkdir(join(folder.path, name), { recursive: true, mode: 0o700 });
      // An unreadable folder must not be taken for an empty one.
      await access(join(folder.path, name), constants.R_OK | constants.W_OK | constants.X_OK);
    }
    for (const file of [folder.database, folder.lock, `${folder.lock}.pid`]) assertRegularOrMissing(file);
  } catch (error) {
    const message = errorMessage(error);
    throw new OperationError('DATA_FOLDER_UNUSABLE', `The data folder ${folder.path} cannot be used: ${message}.`, {
      cause: error,
    });
  }
  return folder;
}
