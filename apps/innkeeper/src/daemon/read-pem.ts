import { readFile } from 'node:fs/promises';
import { OperationError } from '@innkeeper/contract';

/** A certificate or key. Fails with LISTEN_REFUSED when it cannot be read. */
export async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new OperationError('LISTEN_REFUSED', `The certificate or its key cannot be read: ${message}.`, {
      cause: error,
      nextStep: 'Give PEM files that this user can read.',
    });
  }
}
