import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import { buildDebianImage } from './build-debian-image.ts';
import { buildTinyImage } from './build-tiny-image.ts';
import type { BuildOptions, BuiltImage, GuestKernel, ImageKind } from './built-image.ts';
import { copyToRaw } from './copy-image.ts';
import { hashFile } from './hash-file.ts';
import { hostDiskFull, isHostDiskFull } from './host-tools/index.ts';
import type { StageOptions } from './stage-options.ts';

export interface BuildPlace {
  /** The image's own folder: original.raw goes there, whole or not at all. Absolute; made when missing. */
  readonly directory: string;
  /** Kernels and images are kept here by a hash of what they are made of. Absolute; made when missing. */
  readonly cacheDirectory: string;
  /** Build again although it is in the cache. Default false. */
  readonly rebuild?: boolean | undefined;
}

export interface NewImage {
  readonly originalPath: string;
  readonly format: 'raw';
  readonly virtualBytes: bigint;
  /** Of the file, in hex. */
  readonly sha256: string;
  /** It has no boot loader: VMs of it start with this kernel. Its files stay in the cache. */
  readonly kernel: GuestKernel;
}

const builders: Readonly<Record<ImageKind, (options: BuildOptions) => Promise<BuiltImage>>> = {
  tiny: buildTinyImage,
  debian: (options) => buildDebianImage('debian', options),
  'debian-openrc': (options) => buildDebianImage('debian-openrc', options),
};

/** Whether a kind of image can be built. */
export function isImageKind(kind: string): kind is ImageKind {
  return Object.hasOwn(builders, kind);
}

/**
 * Builds an image from packages of the host's distribution, or takes it from the cache, and copies it to its folder.
 * Rejects with INVALID_ARGUMENT for a kind that there is not, IMAGE_BUILD_FAILED, PROGRAM_MISSING, HOST_DISK_FULL, or
 * the signal's reason; nothing is left in the folder then.
 */
export async function buildImage(kind: string, place: BuildPlace, options: StageOptions = {}): Promise<NewImage> {
  if (!isImageKind(kind)) {
    const kinds = Object.keys(builders).join(', ');
    throw new OperationError('INVALID_ARGUMENT', `There is no image "${kind}" to build, only ${kinds}.`);
  }
  const { signal, onStage } = options;
  const { cacheDirectory, rebuild, directory } = place;
  const built = await builders[kind]({ ...options, cacheDirectory, rebuild });
  onStage?.('Copying the image', 0.9);
  await mkdir(directory, { recursive: true });
  const work = await mkdtemp(join(directory, '.build-'));
  try {
    const copy = join(work, 'copy');
    await copyToRaw({ path: built.rawPath, format: 'raw' }, copy, { signal });
    const sha256 = await hashFile(copy, { signal });
    const originalPath = join(directory, 'original.raw');
    await rename(copy, originalPath);
    return { originalPath, format: 'raw', virtualBytes: BigInt(built.virtualBytes), sha256, kernel: built.kernel };
  } catch (error) {
    signal?.throwIfAborted();
    if (isHostDiskFull(error)) throw hostDiskFull('copying the image', error);
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
