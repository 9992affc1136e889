import { OperationError } from '@innkeeper/contract';
import { errorMessage, mib } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';

/** A certificate or key of 1 MiB at most, from a regular file. Fails with LISTEN_REFUSED when it cannot be read. */
export async function readPem(path: string): Promise<string> {
  try {
    return (await readRegularFile(path, mib)).toString('utf8');
  } catch (error) {
    const message = errorMessage(error);
    throw new OperationError('LISTEN_REFUSED', `The certificate or its key cannot be read: ${message}.`, {
      cause: error,
      nextStep: 'Give PEM files that this user can read.',
    });
  }
}
