import { OperationError } from '@innkeeper/contract/errors';
import { guest } from '../../../api/guest.ts';

/** Maximum size of an editable file; larger ones can only be downloaded. */
export const maxTextBytes = 1024 * 1024;

export interface TextFile {
  readonly text: string;
  /** Modification time, to detect changes by others. */
  readonly modifiedNs: string;
}

/** Reads a text file in the guest. Rejects files larger than 1 MiB and files that are not UTF-8. */
export async function readText(vm: string, path: string, signal: AbortSignal): Promise<TextFile> {
  // One byte more than the limit shows that the file is larger.
  const file = await guest.files.read(vm, path, { length: maxTextBytes + 1, signal });
  return { text: decodeText(await file.bytes()), modifiedNs: String(file.modifiedNs) };
}

/** Decodes a text file. */
function decodeText(bytes: Uint8Array): string {
  if (bytes.length > maxTextBytes)
    throw new OperationError('INVALID_ARGUMENT', 'The file is larger than 1 MiB.', {
      nextStep: 'Download it, and upload it again after the change.',
    });
  try {
    if (bytes.includes(0)) throw new TypeError('NUL');
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new OperationError('INVALID_ARGUMENT', 'This is not a text file.', { nextStep: 'Download it.' });
  }
}
