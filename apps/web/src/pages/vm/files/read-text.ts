import { OperationError } from '@innkeeper/contract/errors';
import { guest } from '../../../api/guest.ts';

/** Larger files are downloaded, not edited. */
export const maxTextBytes = 1024 * 1024;

export interface TextFile {
  readonly text: string;
  /** When it was last changed, to see whether somebody else changed it meanwhile. */
  readonly modifiedNs: string;
}

/** A file of the guest as text. Refuses what is larger than 1 MiB, and what is no UTF-8 text. */
export async function readText(vm: string, path: string, signal: AbortSignal): Promise<TextFile> {
  // One byte more shows that there is more.
  const file = await guest.files.read(vm, path, { length: maxTextBytes + 1, signal });
  return { text: decodeText(await file.bytes()), modifiedNs: String(file.modifiedNs) };
}

/** Bytes as text. */
export function decodeText(bytes: Uint8Array): string {
  if (bytes.length > maxTextBytes)
    throw new OperationError('INVALID_ARGUMENT', 'The file is larger than 1 MiB.', {
      nextStep: 'Download it, and upload it again when it is changed.',
    });
  try {
    if (bytes.includes(0)) throw new TypeError('NUL');
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new OperationError('INVALID_ARGUMENT', 'The file is no text.', { nextStep: 'Download it.' });
  }
}
