import { createHash } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { BuildOptions, ImageKind } from './built-image.ts';
import { hostDiskFull, isHostDiskFull } from './host-tools/index.ts';
import { makeWorkFolder } from './work-folder.ts';

export interface CachedImage {
  readonly rawPath: string;
  readonly virtualBytes: number;
  readonly inputsSha256: string;
  readonly fromCache: boolean;
}

/**
 * Returns an image from the cache, or makes it with `make`, which gets a private folder and writes the image to `rawPath`
 * there. The image is added to the cache only once complete; a failed or aborted build leaves nothing behind.
 */
export async function cachedImage(
  kind: ImageKind,
  inputs: readonly (string | Uint8Array)[],
  options: BuildOptions,
  make: (workDirectory: string, rawPath: string) => Promise<void>,
): Promise<CachedImage> {
  const inputsSha256 = hashInputs(inputs);
  const images = join(options.cacheDirectory, 'images');
  const rawPath = join(images, `${kind}-${inputsSha256.slice(0, 16)}.raw`);
  const sizeOf = async (): Promise<number | undefined> =>
    await stat(rawPath).then(
      ({ size }) => size,
      // If it cannot be checked, it is treated as missing.
      () => undefined,
    );
  const cachedBytes = options.rebuild === true ? undefined : await sizeOf();
  if (cachedBytes !== undefined) return { rawPath, virtualBytes: cachedBytes, inputsSha256, fromCache: true };

  const work = await makeWorkFolder(images);
  try {
    const unfinished = join(work, 'disk.raw');
    await make(work, unfinished);
    options.signal?.throwIfAborted();
    const file = await open(unfinished, 'r+');
    await file.sync().finally(() => file.close());
    await rename(unfinished, rawPath);
    await removeEarlier(images, kind, basename(rawPath));
    return { rawPath, virtualBytes: (await sizeOf()) ?? 0, inputsSha256, fromCache: false };
  } catch (error) {
    if (isHostDiskFull(error)) throw hostDiskFull('building an image', error);
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Removes images made from other inputs, which would never be used again; users of an image have a copy. */
async function removeEarlier(images: string, kind: ImageKind, keep: string): Promise<void> {
  for (const name of await readdir(images)) {
    const hash = name.startsWith(`${kind}-`) ? name.slice(kind.length + 1) : '';
    if (/^[0-9a-f]{16}\.raw$/.test(hash) && name !== keep) await rm(join(images, name), { force: true });
  }
}

function hashInputs(inputs: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(`${input.length}\n`).update(input);
  return hash.digest('hex');
}
