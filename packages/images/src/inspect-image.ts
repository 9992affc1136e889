import { OperationError } from '@innkeeper/contract/errors';
import { errorMessage } from '@innkeeper/kit';
import { foreignFormat, headBytes, tailBytes } from './foreign-format.ts';
import { openRandomAccess } from './random-access.ts';

export type ImageFormat = 'raw' | 'qcow2';

export interface ImageFacts {
  readonly format: ImageFormat;
  /** Size of the disk as a VM sees it. */
  readonly virtualBytes: number;
}

/**
 * Detects the format and size of a disk image from its content. Anything that is not qcow2 and has at least one sector
 * is raw. Rejects with IMAGE_UNREADABLE for files that cannot be read or are not disks: empty, a folder, of another
 * format (which it names, with what to do), encrypted, or a qcow2 that refers to another file, which could be any file
 * of the host. `path` is its name in messages.
 */
export async function inspectImage(file: string, path = file): Promise<ImageFacts> {
  try {
    await using disk = await openRandomAccess(file);
    const header = await disk.read(0, headBytes);
    const foreign = foreignFormat(header, await disk.read(Math.max(0, disk.sizeBytes - tailBytes), tailBytes));
    if (foreign !== undefined) {
      const message = `${path} is not a usable disk image: it is ${foreign.name}.`;
      throw new OperationError('IMAGE_UNREADABLE', message, { nextStep: foreign.nextStep(path) });
    }
    if (header.length < 104) throw unreadable(path, 'it is too short to be a disk');
    if (header.toString('latin1', 0, 4) === 'QFI\xfb')
      return { format: 'qcow2', virtualBytes: qcow2Size(path, header) };
    return { format: 'raw', virtualBytes: disk.sizeBytes };
  } catch (error) {
    if (error instanceof OperationError) throw error;
    throw unreadable(path, errorMessage(error), error);
  }
}

function qcow2Size(path: string, header: Buffer): number {
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw unreadable(path, `qcow2 version ${version} is not supported`);
  if (header.readBigUInt64BE(8) !== 0n) throw unreadable(path, 'it is an overlay of another file');
  if (header.readUInt32BE(32) !== 0) throw unreadable(path, 'it is encrypted');
  // Incompatible feature 2: the data is in another file.
  if (version === 3 && (header.readUInt32BE(76) & 0x4) !== 0) throw unreadable(path, 'its data is in another file');
  const size = Number(header.readBigUInt64BE(24));
  if (!Number.isSafeInteger(size) || size === 0) throw unreadable(path, 'its size is invalid');
  return size;
}

function unreadable(path: string, why: string, cause?: unknown): OperationError {
  return new OperationError('IMAGE_UNREADABLE', `${path} is not a usable disk image: ${why}.`, { cause });
}
