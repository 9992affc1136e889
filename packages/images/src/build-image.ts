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
  /** The image's folder, to which original.raw is written atomically. Absolute; created when missing. */
  readonly directory: string;
  /** The cache of kernels and images, keyed by a hash of their inputs. Absolute; created when missing. */
  readonly cacheDirectory: string;
  /** Build again even if it is in the cache. Default: false. */
  readonly rebuild?: boolean | undefined;
}

export interface NewImage {
  readonly originalPath: string;
  readonly format: 'raw';
  readonly virtualBytes: bigint;
  /** SHA-256 of the file, in hex. */
  readonly sha256: string;
  /** The image has no boot loader; its VMs start with this kernel, whose files stay in the cache. */
  readonly kernel: GuestKernel;
}

const builders: Readonly<Record<ImageKind, (options: BuildOptions) => Promise<BuiltImage>>> = {
  tiny: buildTinyImage,
  debian: (options) => buildDebianImage('debian', options),
  'debian-openrc': (options) => buildDebianImage('debian-openrc', options),
};

/** Whether this kind of image can be built. */
export function isImageKind(kind: string): kind is ImageKind {
  return Object.hasOwn(builders, kind);
}

/**
 * Builds an image from packages of the host's distribution, or takes it from the cache, and copies it to its folder.
 * Rejects with INVALID_ARGUMENT for an unknown kind, IMAGE_BUILD_FAILED, PROGRAM_MISSING, HOST_DISK_FULL, or the signal's
 * reason, and leaves nothing in the folder then.
 */
export async function buildImage(kind: string, place: BuildPlace, options: StageOptions = {}): Promise<NewImage> {
  if (!isImageKind(kind)) {
    const kinds = Object.keys(builders).join(', ');
    throw new OperationError('INVALID_ARGUMENT', `Unknown kind of image "${kind}". These can be built: ${kinds}.`);
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
