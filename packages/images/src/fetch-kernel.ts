import { chmod, copyFile, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import type { BuildOptions, GuestKernel } from './built-image.ts';
import { extractVmlinux } from './extract-vmlinux.ts';
import { hostDiskFull, isHostDiskFull, runProgram } from './host-tools/index.ts';
import { createInitramfs, hashInitramfs } from './initramfs.ts';
import { collectModules } from './kernel-modules.ts';
import { findKernelPackages, type KernelPackages } from './kernel-package.ts';
import { makeWorkFolder } from './work-folder.ts';

const downloadTimeoutMs = 15 * 60_000;

/**
 * Console on the first serial port; a guest reboots 5 s after a kernel panic. The kernel's tests of its ciphers take a
 * tenth of an emulated boot.
 */
const commandLine = 'console=ttyS0 quiet panic=5 cryptomgr.notests root=/dev/vda rw';

/**
 * Returns the distribution's kernel and an initramfs that mounts the disk, from the cache or newly made. The kernel is
 * downloaded with apt-get, which verifies its signature, and only unpacked, never installed.
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

  const work = await makeWorkFolder(join(cacheDirectory, 'kernels'));
  try {
    await makeKernel(packages, work, options);
    await mkdir(folder, { recursive: true });
    // File by file, so that the files exist at every moment for images that boot with them.
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
  options.onStage?.(`Downloading the kernel ${release}`, 0.05);
  await must('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', ...names], work, options);
  options.onStage?.('Unpacking the kernel', 0.15);
  await must('sh', ['-c', 'for deb in *.deb; do dpkg -x "$deb" root || exit; done'], work, options);

  const out = join(work, 'out');
  await mkdir(out);
  const packed = join(work, 'root/boot', `vmlinuz-${release}`);
  const unpacked = await extractVmlinux(packed, { signal });
  if (unpacked === undefined) onLog?.('The kernel cannot be booted uncompressed; guests decompress it at boot.');
  if (unpacked === undefined) await copyFile(packed, join(out, 'vmlinuz'));
  else await writeFile(join(out, 'vmlinux'), unpacked);
  if (unpacked === undefined) await chmod(join(out, 'vmlinuz'), 0o644);
  const directory = join(work, 'root', await modulesFolder(work, release));
  const modules = await collectModules(directory, guestModules, { signal });
  onLog?.(`Modules in loading order: ${modules.map(({ name }) => name).join(' ')}.`);
  await writeFile(join(out, 'initrd.cpio'), await createInitramfs(modules));
}

/** Without virtio_console the agent has no channel. */
const guestModules = {
  needed: ['virtio_pci', 'virtio_console', 'virtio_blk', 'ext4'],
  // Network card, random numbers, power button, and modules that systemd reports as missing.
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
    // If it cannot be checked, it is treated as missing.
    () => false,
  );
}

async function must(program: string, argv: readonly string[], cwd: string, options: BuildOptions): Promise<void> {
  const { signal, onLog } = options;
  const result = await runProgram(program, argv, { signal, cwd, timeoutMs: downloadTimeoutMs, onErrorLine: onLog });
  if (result.exitCode === 0) return;
  if (isHostDiskFull(result.stderr)) throw hostDiskFull('downloading the kernel');
  const why = result.stderr.trim().split('\n').at(-1) ?? '';
  throw new OperationError('IMAGE_BUILD_FAILED', `The kernel could not be downloaded: ${why.slice(0, 300)}`, {
    nextStep: 'Check the network, and update the package lists: apt-get update.',
  });
}
