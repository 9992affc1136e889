import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import { gib } from '@innkeeper/kit';
import type { BuildOptions, BuiltImage } from './built-image.ts';
import { debianRecipes } from './debian-recipes.ts';
import { type DebianSources, findDebianSources } from './debian-sources.ts';
import { fetchKernel } from './fetch-kernel.ts';
import { hostDiskFull, isHostDiskFull, type ProgramOptions, runProgram } from './host-tools/index.ts';
import { cachedImage } from './image-cache.ts';

/** Size of the sparse file; a new one occupies 200 to 300 MiB. */
const diskBytes = gib;
/** Incremented when the build procedure changes; recipes are part of the cache key anyway. */
const builder = 'debian 1';
const bootstrapTimeoutMs = 30 * 60_000;
const unpackTimeoutMs = 10 * 60_000;

/** Excluded: documentation and translations that nobody reads in such a guest. */
const excluded = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*'];

/**
 * Unpacks a root file system as the owner of its files and makes an image of it. Devices are created by the guest's
 * kernel. The folder is removed in the same script, since only the user who created the files may remove them.
 */
const makeImage = `set -eu
trap 'rm -rf root' EXIT
mkdir root
tar --extract --numeric-owner --preserve-permissions --directory root --exclude='./dev/*' --file root.tar
mkfs.ext4 -q -F -m 1 -E root_owner=0:0 -d root "$1"
`;

/**
 * Builds a Debian guest from packages of the host's release: "debian" with systemd, "debian-openrc" with OpenRC. Takes
 * about 30 s and needs the network; without root it needs user namespaces (package uidmap).
 * Rejects with IMAGE_BUILD_FAILED, PROGRAM_MISSING, HOST_DISK_FULL, and the signal's reason.
 */
export async function buildDebianImage(kind: 'debian' | 'debian-openrc', options: BuildOptions): Promise<BuiltImage> {
  const kernel = await fetchKernel(options);
  const sources = await findDebianSources(options);
  const inputs = [builder, makeImage, JSON.stringify([sources, debianRecipes[kind], excluded, diskBytes])];
  const image = await cachedImage(kind, inputs, options, async (work, rawPath) => {
    options.onStage?.('Installing Debian packages', 0.25);
    await bootstrap(kind, sources, work, options);
    options.onStage?.('Making its file system', 0.85);
    await writeFile(rawPath, '', { flag: 'wx' });
    await truncate(rawPath, diskBytes);
    await must(...asOwner(['sh', '-c', makeImage, 'sh', rawPath]), 'The file system could not be created', {
      ...options,
      cwd: work,
      timeoutMs: unpackTimeoutMs,
    });
    await rm(join(work, 'root.tar'));
    const check = ['e2fsck', ['-f', '-n', rawPath]] as const;
    await must(...check, 'The new file system has errors', { ...options, timeoutMs: unpackTimeoutMs });
  });
  options.onStage?.('built', 1);
  return { kind, ...image, fromCache: image.fromCache && kernel.fromCache, kernel };
}

async function bootstrap(
  kind: 'debian' | 'debian-openrc',
  { suite, lines }: DebianSources,
  work: string,
  options: BuildOptions,
): Promise<void> {
  const { packages, customize } = debianRecipes[kind];
  const argv = [
    '--variant=minbase',
    '--mode=auto',
    '--aptopt=Acquire::Languages "none"',
    ...excluded.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    // The finished image is synced, not each of its files; the recipe takes this out of the guest.
    '--dpkgopt=force-unsafe-io',
    `--include=${packages.join(',')}`,
    `--customize-hook=${customize}`,
    suite,
    'root.tar',
    ...lines,
  ];
  await must('mmdebstrap', argv, 'Debian could not be installed', {
    ...options,
    cwd: work,
    timeoutMs: bootstrapTimeoutMs,
  });
}

/** Root can write files of any owner; other users do so in a user namespace, with their range of subordinate user ids. */
function asOwner(argv: readonly string[]): [string, readonly string[]] {
  const [program = '', ...rest] =
    process.getuid?.() === 0 ? argv : ['unshare', '--map-root-user', '--map-auto', ...argv];
  return [program, rest];
}

async function must(
  program: string,
  argv: readonly string[],
  what: string,
  options: BuildOptions & ProgramOptions,
): Promise<void> {
  const { signal, cwd, timeoutMs, onLog } = options;
  const { exitCode, stdout, stderr } = await runProgram(program, argv, { signal, cwd, timeoutMs, onErrorLine: onLog });
  if (exitCode === 0) return;
  const output = stderr.trim() || stdout.trim();
  if (isHostDiskFull(output)) throw hostDiskFull('building an image');
  const problem = output.split('\n').findLast((line) => /^E:|error|cannot|failed/i.test(line)) ?? output.slice(-300);
  throw new OperationError('IMAGE_BUILD_FAILED', `${what}: ${problem.slice(0, 300)}`, {
    nextStep: 'See the operation’s log. Without root, the package uidmap must be installed.',
  });
}
