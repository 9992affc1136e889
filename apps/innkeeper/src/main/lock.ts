import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { OperationError } from '@innkeeper/contract';

/**
 * Takes the lock of a data folder, or fails with DATA_FOLDER_IN_USE. The lock is the kernel's, on a small SQLite file:
 * it goes with the process that holds it, so that of a dead daemon never has to be recognised. Who holds it is in
 * `<path>.pid`, for the message alone.
 */
export function takeLock(path: string): Disposable {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('begin exclusive');
  } catch (error) {
    database.close();
    if (!(error instanceof Error && /locked/.test(error.message))) throw error;
    throw new OperationError('DATA_FOLDER_IN_USE', `Another daemon (${holder(path)}) is using this data folder.`, {
      cause: error,
    });
  }
  writeFileSync(`${path}.pid`, `${process.pid}\n`);
  return { [Symbol.dispose]: () => database.close() };
}

function holder(path: string): string {
  try {
    return `process ${readFileSync(`${path}.pid`, 'latin1').trim()}`;
  } catch {
    // It has the lock and did not get to write its pid yet.
    return 'just started';
  }
}
