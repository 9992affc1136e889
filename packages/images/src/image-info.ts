import { stat } from 'node:fs/promises';
import { type ImageFormat, inspectImage } from './inspect-image.ts';

export interface ImageInfo {
  readonly format: ImageFormat;
  /** Size of the disk as a VM sees it. */
  readonly virtualBytes: bigint;
  /** Space that it occupies on the host. */
  readonly diskBytes: bigint;
}

/** Format and sizes of a standalone image. Rejects with IMAGE_UNREADABLE. */
export async function imageInfo(path: string): Promise<ImageInfo> {
  const { format, virtualBytes } = await inspectImage(path);
  const { blocks } = await stat(path, { bigint: true });
  // stat counts blocks of 512 bytes, whatever the file system's block size is.
  return { format, virtualBytes: BigInt(virtualBytes), diskBytes: blocks * 512n };
}
