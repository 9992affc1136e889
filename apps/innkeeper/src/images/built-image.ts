import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDebianImage } from './build-debian-image.ts';
import { buildTinyImage } from './build-tiny-image.ts';
import { copyToRaw } from './copy-image.ts';
import type { StageOptions, StageOptions } from './stage-options.ts';

export type ImageKind = 'tiny';

export interface BuildOptions extends StageOptions {
  /** Absolute. Kernels and images are kept in it by a hash of what they are made of; made when missing. */
  readonly cacheDirectory: string;
  /** Build again although it is in the cache. Default false. */
  readonly rebuild?: boolean | undefined;
  /** What the tools say, line by line. */
  readonly onLog?: ((line: string) => void) | undefined;
}

export interface GuestKernel {
  readonly path: string;
  readonly initrdPath: string;
  readonly commandLine: string;
  /** As `uname -r` says. */
  readonly release: string;
}

/** An image that boots with the kernel beside it. The agent is not in it. */
export interface BuiltImage {
  readonly kind: ImageKind;
  /** In the cache; a sparse raw file with an ext4 file system over the whole disk. Copy it, do not change it. */
  readonly rawPath: string;
  readonly virtualBytes: number;
  readonly kernel: GuestKernel;
  /** Hash of what it was made of; the same inputs give the same. */
  readonly inputsSha256: string;
  /** Nothing had to be built. */
  readonly fromCache: boolean;
}

/** An image in a folder of its own, with the kernel that boots it. */
export interface BuiltOriginal {
  readonly originalPath: string;
  readonly format: 'raw';
  /** Its files stay in the cache folder, which VMs of the image therefore need. */
  readonly kernel: { readonly path: string; readonly initrdPath: string | undefined; readonly commandLine: string };
}

/**
 * Builds an image, or takes it from the cache, and puts a copy into `directory` as original.raw; whole or not at all.
 * Rejects with IMAGE_BUILD_FAILED, PROGRAM_MISSING, HOST_DISK_FULL, and the signal's reason.
 */
export async function buildImage(
  kind: ImageKind,
  { directory, cacheDirectory }: { readonly directory: string; readonly cacheDirectory: string },
  { signal, onStage }: StageOptions = {},
): Promise<BuiltOriginal> {
  const options: BuildOptions = { cacheDirectory, signal, onProgress: onStage };
  const built = kind === 'tiny' ? await buildTinyImage(options) : await buildDebianImage(kind, options);
  await mkdir(directory, { recursive: true });
  const workDirectory = await mkdtemp(join(directory, '.build-'));
  try {
    const copy = join(workDirectory, 'original.raw');
    await copyToRaw({ path: built.rawPath, format: 'raw' }, copy, { signal });
    signal?.throwIfAborted();
    const originalPath = join(directory, 'original.raw');
    await rename(copy, originalPath);
    const { path, initrdPath, commandLine } = built.kernel;
    return { originalPath, format: 'raw', kernel: { path, initrdPath, commandLine } };
  } finally {
    await rm(workDirectory, { recursive: true, force: true });
  }
}
