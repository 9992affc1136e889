// Paths in this checkout. The pinned Node is started by its path, never through node_modules/.bin: npm before 10 removes
// that link together with the package of the other architecture, which has the same name.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const nodeModules = join(root, 'node_modules');
/** The folder of the pinned Node's program. */
const nodeFolder = join(nodeModules, `node-linux-${process.arch}`, 'bin');
export const pinnedNode = join(nodeFolder, 'node');
/** Logs and the lock of the setup. */
export const setupFolder = join(root, '.cache', 'setup');

/**
 * The environment of programs in this checkout: `node` is the pinned one, also for scripts that use `env node`. Buf's
 * cache is not in the home folder, which may be read-only. Node's compile cache saves half of the time of a small test.
 */
export function toolEnvironment() {
  return {
    BUF_CACHE_DIR: join(root, '.cache', 'buf'),
    NODE_COMPILE_CACHE: join(root, '.cache', 'compiled'),
    ...process.env,
    PATH: `${nodeFolder}:${join(nodeModules, '.bin')}:${process.env.PATH ?? '/usr/bin:/bin'}`,
  };
}
