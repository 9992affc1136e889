import { isOperationError } from '@innkeeper/contract/errors';
import { guest } from '../../../api/guest.ts';

/** Returns the paths that already exist in the guest. */
export async function existingFiles(vm: string, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    try {
      await guest.files.stat(vm, path);
      found.push(path);
    } catch (error) {
      if (!isOperationError(error) || error.reason !== 'FILE_NOT_FOUND') throw error;
    }
  }
  return found;
}
