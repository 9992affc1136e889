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

/** The file is sparse; a fresh one takes 200 to 300 MiB. */
const diskBytes = gib;
/** Goes up when the way of building changes; recipes count by themselves. */
const builder = 'debian 1';
const bootstrapTimeoutMs = 30 * 60_000;
const unpackTimeoutMs = 10 * 60_000;

/** Documentation and translations nobody reads in a guest of this kind. */
const left = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*'];

/**
 * Unpacks a root as the owner of its files and makes a file system of it. Devices are the guest's kernel's to make.
 * The folder is removed in here, since only who made its files may remove them.
 */
const makeImage = `set -eu
trap 'rm -rf root' EXIT
mkdir root
tar --extract --numeric-owner --preserve-permissions --directory root --exclude='./dev/*' --file root.tar
mkfs.ext4 -q -F -m 1 -E root_owner=0:0 -d root "$1"
`;

/**
 * Builds a Debian guest from packages of the host's release: "debian" with systemd, "debian-openrc" with OpenRC. Takes
 * about 30 s and the network; without root it needs user namespaces (package uidmap).
 * Rejects with IMAGE_BUILD_FAILED, PROGRAM_MISSING, HOST_DISK_FULL, and the signal's reason.
 */
export async function buildDebianImage(kind: 'debian' | 'debian-openrc', options: BuildOptions): Promise<BuiltImage> {
  const kernel = await fetchKernel(options);
  const sources = await findDebianSources(options);
  const inputs = [builder, makeImage, JSON.stringify([sources, debianRecipes[kind], left, diskBytes])];
  const image = await cachedImage(kind, inputs, options, async (work, rawPath) => {
    options.onStage?.('installing Debian packages', 0.25);
    await bootstrap(kind, sources, work, options);
    options.onStage?.('making its file system', 0.85);
    await writeFile(rawPath, '', { flag: 'wx' });
    await truncate(rawPath, diskBytes);
    await must(...asOwner(['sh', '-c', makeImage, 'sh', rawPath]), 'The file system cannot be made', {
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
    ...left.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    `--include=${packages.join(',')}`,
    `--customize-hook=${customize}`,
    suite,
    'root.tar',
    ...lines,
  ];
  await must('mmdebstrap', argv, 'Debian cannot be installed', {
    ...options,
    cwd: work,
    timeoutMs: bootstrapTimeoutMs,
  });
}

/** Root writes files of all owners; others do so in a user namespace, with their own range of user ids. */
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
    nextStep: 'Look at the operation’s log; without root the package uidmap must be installed.',
  });
}
