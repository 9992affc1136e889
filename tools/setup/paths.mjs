// Where things lie in this checkout. The pinned Node is started by its own path, never through node_modules/.bin: npm
// before 10 removes that link together with the package of the other architecture, which offers the same name.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const nodeModules = join(root, 'node_modules');
/** The folder of the pinned Node, as the package has it: "node" lies in it. */
const nodeFolder = join(nodeModules, `node-linux-${process.arch}`, 'bin');
export const pinnedNode = join(nodeFolder, 'node');
/** Logs of what was set up, and the lock of the set-up. */
export const setupFolder = join(root, '.cache', 'setup');

/**
 * The environment of what runs in this checkout: `node` is the pinned one, also for scripts that ask `env` for it, and
 * buf's cache is not in a home folder that may be read-only.
 */
export function toolEnvironment() {
  return {
    BUF_CACHE_DIR: join(root, '.cache', 'buf'),
    ...process.env,
    PATH: `${nodeFolder}:${join(nodeModules, '.bin')}:${process.env.PATH ?? '/usr/bin:/bin'}`,
  };
}
