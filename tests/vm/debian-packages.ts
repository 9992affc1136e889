import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Downloads packages from the mirror of this machine's apt with all that they need and that `status`, the list of packages
 * of some Debian root of this release, does not have. Resolves to the files, to be installed with dpkg or unpacked.
 */
export async function downloadPackages(
  folder: string,
  status: string,
  packages: readonly string[],
): Promise<readonly string[]> {
  mkdirSync(join(folder, 'partial'), { recursive: true });
  const options = [
    `Dir::State::status=${status}`,
    `Dir::Cache::archives=${folder}`,
    'Dir::Cache::pkgcache=',
    'Dir::Cache::srcpkgcache=',
    'Debug::NoLocking=true',
  ].flatMap((option) => ['-o', option]);
  await run('apt-get', ['-y', '-q', '--no-install-recommends', '--download-only', ...options, 'install', ...packages], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 16 * 1024 * 1024,
  });
  return readdirSync(folder)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(folder, name));
}

/** Unpacks packages without installing them. */
export async function unpackPackages(files: readonly string[], root: string): Promise<void> {
  mkdirSync(root, { recursive: true });
  for (const file of files) await run('dpkg-deb', ['--extract', file, root]);
}
