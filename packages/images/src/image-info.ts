import { stat } from 'node:fs/promises';
import { type ImageFormat, inspectImage } from './inspect-image.ts';

export interface ImageInfo {
  readonly format: ImageFormat;
  /** What a VM sees. */
  readonly virtualBytes: bigint;
  /** What it takes on the host's disk. */
  readonly diskBytes: bigint;
}

/** Format and sizes of an image that stands alone. Rejects with IMAGE_UNREADABLE. */
export async function imageInfo(path: string): Promise<ImageInfo> {
  const { format, virtualBytes } = await inspectImage(path);
  const { blocks } = await stat(path, { bigint: true });
  // stat counts in 512 bytes whatever the file system's blocks are.
  return { format, virtualBytes: BigInt(virtualBytes), diskBytes: blocks * 512n };
}
