import { rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import type { AddImageRequest } from '@innkeeper/contract/control';
import { checkDownloadUrl, downloadImage } from './download-image.ts';
import type { StagedOptions } from './image-tools.ts';
import type { ImageUploads } from './image-uploads.ts';

/** Where a new image comes from. */
export interface ImageSource {
  /** Resolves with the file; a download goes into `directory`. */
  file(directory: string, options: StagedOptions): Promise<string>;
  /** Called once the file has been imported: what was only there for that is removed. */
  finish(): Promise<void>;
  /** Hex SHA-256 that the file must have; empty: any. */
  readonly sha256: string;
}

/** Reads the source of a request. Fails with INVALID_ARGUMENT, INVALID_PATH. */
export async function imageSourceOf(
  { path, url, uploadId, sha256 }: Pick<AddImageRequest, 'path' | 'url' | 'uploadId' | 'sha256'>,
  uploads: ImageUploads,
): Promise<ImageSource> {
  const wanted = sha256.toLowerCase();
  if (wanted !== '' && !/^[0-9a-f]{64}$/.test(wanted)) throw invalid('A SHA-256 must have 64 hexadecimal digits.');
  if ([url, uploadId, path].filter((each) => each !== '').length > 1)
    throw invalid('An image has one source: "path", "url" or "upload_id".');
  if (url !== '') {
    checkDownloadUrl(url);
    let downloaded = '';
    return {
      sha256: wanted,
      file: async (directory, options) => {
        downloaded = join(directory, 'download');
        await downloadImage(url, downloaded, options);
        return downloaded;
      },
      finish: () => rm(downloaded, { force: true }),
    };
  }
  if (uploadId !== '') {
    const file = await uploads.fileOf(uploadId);
    return { sha256: wanted, file: async () => file, finish: () => uploads.remove(uploadId) };
  }
  if (!isAbsolute(path) || path.includes('\0'))
    throw new OperationError('INVALID_PATH', 'The path of an image must be absolute.');
  return { sha256: wanted, file: async () => path, finish: async () => undefined };
}

/** Fails with CHECKSUM_MISMATCH unless an imported file has the SHA-256 that its source must have. */
export function assertSha256({ sha256: wanted }: ImageSource, sha256: string): void {
  if (wanted === '' || wanted === sha256) return;
  throw new OperationError(
    'CHECKSUM_MISMATCH',
    `The file has the SHA-256 ${sha256}, not ${wanted}. Nothing was added.`,
    {
      nextStep: 'Compare both with those that the publisher of the image names, and get the file again.',
    },
  );
}

function invalid(message: string): OperationError {
  return new OperationError('INVALID_ARGUMENT', message);
}
