import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import type { ImageTools, PreparedBase } from '../images/image-tools.ts';

/** Image tools that write a few bytes. A test replaces those that shall fail or wait. */
export function fakeImageTools(changes: Partial<ImageTools> = {}): ImageTools {
  return {
    buildImage: async (_kind, { directory }) => {
      const [originalPath, kernelPath] = [join(directory, 'original.raw'), join(directory, 'vmlinuz')];
      await writeFile(originalPath, 'image');
      await writeFile(kernelPath, 'kernel');
      const kernel = { path: kernelPath, initrdPath: undefined, commandLine: 'quiet' };
      return { originalPath, format: 'raw', kernel };
    },
    importImage: async (path, { directory }) => {
      if (path.includes('missing')) throw new OperationError('IMAGE_UNREADABLE', 'There is no such file.');
      const originalPath = join(directory, 'original.qcow2');
      await writeFile(originalPath, 'image');
      return { originalPath, format: 'qcow2', virtualBytes: 1024n, sha256: 'ab' };
    },
    prepareBase: async ({ outPath }): Promise<PreparedBase> => {
      await writeFile(outPath, 'base');
      return { ok: true, initSystem: 'busybox', path: outPath, format: 'raw' };
    },
    createOverlay: async ({ diskPath }) => {
      await writeFile(diskPath, 'disk');
      return undefined;
    },
    rebaseOverlay: async () => undefined,
    imageInfo: async () => ({ format: 'raw', virtualBytes: 1024n, diskBytes: 512n }),
    ...changes,
  };
}
