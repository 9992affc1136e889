import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import type { BuildOptions, GuestKernel } from './built-image.ts';
import { extractVmlinux } from './extract-vmlinux.ts';
import { hostDiskFull, isHostDiskFull, runProgram } from './host-tools/index.ts';
import { createInitramfs, hashInitramfs } from './initramfs.ts';
import { collectModules } from './kernel-modules.ts';
import { findKernelPackages, type KernelPackages } from './kernel-package.ts';

const downloadTimeoutMs = 15 * 60_000;

/** Console on the first serial port; a guest whose kernel gives up starts again after 5 s. */
const commandLine = 'console=ttyS0 quiet panic=5 root=/dev/vda rw';

/**
 * The distribution's kernel and a first file system that mounts the disk's, from the cache or made now. The kernel is
 * fetched with apt-get, which checks its signature, and only unpacked, never installed.
 */
export async function fetchKernel(options: BuildOptions): Promise<GuestKernel & { readonly fromCache: boolean }> {
  const { cacheDirectory, signal } = options;
  const packages = await findKernelPackages({ signal });
  const { release } = packages;
  const folder = join(cacheDirectory, 'kernels', `${release}-${(await hashInitramfs(guestModules)).slice(0, 12)}`);
  const finished = async (fromCache: boolean): Promise<GuestKernel & { readonly fromCache: boolean }> => {
    const initrdPath = join(folder, 'initrd.cpio');
    return { path: await kernelIn(folder), initrdPath, commandLine, release, fromCache };
  };
  if (options.rebuild !== true && (await exists(join(folder, 'initrd.cpio')))) return await finished(true);

  await mkdir(join(cacheDirectory, 'kernels'), { recursive: true });
  const work = await mkdtemp(join(cacheDirectory, 'kernels', '.unfinished-'));
  try {
    await makeKernel(packages, work, options);
    await mkdir(folder, { recursive: true });
    // File by file, so that images which start with these files have them at every moment.
    for (const name of await readdir(join(work, 'out'))) await rename(join(work, 'out', name), join(folder, name));
    return await finished(false);
  } catch (error) {
    if (isHostDiskFull(error)) throw hostDiskFull('unpacking the kernel', error);
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function makeKernel({ names, release }: KernelPackages, work: string, options: BuildOptions): Promise<void> {
  const { signal, onLog } = options;
  options.onStage?.(`Fetching the kernel ${release}`, 0.05);
  await must('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', ...names], work, options);
  options.onStage?.('Unpacking the kernel', 0.15);
  await must('sh', ['-c', 'for deb in *.deb; do dpkg -x "$deb" root || exit; done'], work, options);

  const out = join(work, 'out');
  await mkdir(out);
  const packed = join(work, 'root/boot', `vmlinuz-${release}`);
  const unpacked = await extractVmlinux(packed, { signal });
  if (unpacked === undefined) onLog?.('The kernel cannot be started unpacked; guests unpack it at boot.');
  if (unpacked === undefined) await copyFile(packed, join(out, 'vmlinuz'));
  else await writeFile(join(out, 'vmlinux'), unpacked);
  if (unpacked === undefined) await chmod(join(out, 'vmlinuz'), 0o644);
  const directory = join(work, 'root', await modulesFolder(work, release));
  const modules = await collectModules(directory, guestModules, { signal });
  onLog?.(`Modules, in this order: ${modules.map(({ name }) => name).join(' ')}.`);
  await writeFile(join(out, 'initrd.cpio'), await createInitramfs(modules));
}

/** virtio_console is what the agent speaks through; without it there is no agent at all. */
const guestModules = {
  needed: ['virtio_pci', 'virtio_console', 'virtio_blk', 'ext4'],
  // A network card, random numbers, the power button, and what systemd complains about when it is missing.
  useful: [
    'crc32c_generic',
    'virtio_net',
    'virtio_rng',
    'virtio_mmio',
    'evdev',
    'button',
    'autofs4',
    'vmw_vsock_virtio_transport',
  ],
} as const;

async function modulesFolder(work: string, release: string): Promise<string> {
  const merged = join('usr/lib/modules', release);
  return (await exists(join(work, 'root', merged))) ? merged : join('lib/modules', release);
}

async function kernelIn(folder: string): Promise<string> {
  const unpacked = join(folder, 'vmlinux');
  return (await exists(unpacked)) ? unpacked : join(folder, 'vmlinuz');
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    // Whatever keeps it from being looked at keeps it from being used.
    () => false,
  );
}

async function must(program: string, argv: readonly string[], cwd: string, options: BuildOptions): Promise<void> {
  const { signal, onLog } = options;
  const result = await runProgram(program, argv, { signal, cwd, timeoutMs: downloadTimeoutMs, onErrorLine: onLog });
  if (result.exitCode === 0) return;
  if (isHostDiskFull(result.stderr)) throw hostDiskFull('fetching the kernel');
  const why = result.stderr.trim().split('\n').at(-1) ?? '';
  throw new OperationError('IMAGE_BUILD_FAILED', `The kernel cannot be fetched: ${why.slice(0, 300)}`, {
    nextStep: 'Check the network, and fetch the package lists: apt-get update.',
  });
}
