import { access, chmod, constants, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import { errorMessage } from '@innkeeper/kit';
import { assertRegularOrMissing } from '@innkeeper/kit/node';

/** Where everything of a daemon lies. All paths are absolute. */
export interface DataFolder {
  readonly path: string;
  readonly socket: string;
  /** For control planes. */
  readonly controlSocket: string;
  readonly database: string;
  readonly lock: string;
  readonly cache: string;
  /** Has the number of the port for guests, so that it stays the same. */
  readonly guestPort: string;
  /** Of the certificate that the daemon makes itself. */
  readonly tls: string;
  imageFolder(name: string): string;
  vmFolder(id: string): string;
  /** Short, since the kernel takes socket paths of 107 bytes. */
  runFolder(id: string): string;
}

/** The folder used when none is named: $XDG_DATA_HOME/innkeeper, else ~/.local/share/innkeeper. */
export function defaultDataFolder(environment: NodeJS.ProcessEnv): string {
  const home = environment['XDG_DATA_HOME'];
  return join(home === undefined || home === '' ? join(homedir(), '.local/share') : home, 'innkeeper');
}

/** The names inside a data folder; nothing is made. */
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

/** Makes the folder, for this user alone. Fails with DATA_FOLDER_UNUSABLE. */
export async function makeDataFolder(path: string): Promise<DataFolder> {
  const folder = dataFolderAt(path);
  try {
    await mkdir(folder.path, { recursive: true, mode: 0o700 });
    await chmod(folder.path, 0o700);
    for (const name of ['images', 'vms', 'run', 'cache']) {
      await mkdir(join(folder.path, name), { recursive: true, mode: 0o700 });
      // What cannot be read is not the same as empty.
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
