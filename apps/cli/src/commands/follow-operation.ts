import type { InnkeeperClient } from '@innkeeper/client';
import type { Operation } from '@innkeeper/contract/control';
import { isOperationError } from '@innkeeper/contract/errors';
import { EndedBySignal } from '../ended-by-signal.ts';
import { clean } from '../output/clean.ts';
import { ProgressLine } from '../output/progress-line.ts';

/** What lines of an operation's log begin with that people must see after it has ended, too. */
const notePrefix = 'note: ';

/**
 * Waits for an operation and shows its stage on the terminal. Its notes are
 * printed on standard error at the end. ^C cancels the operation if possible, else stops waiting.
 */
export async function followOperation(
  client: InnkeeperClient,
  operation: Operation,
  quiet: boolean,
): Promise<Operation> {
  const line = new ProgressLine(quiet);
  const controller = new AbortController();
  let isInterrupted = false;
  const onInterrupt = (): void => {
    isInterrupted = true;
    if (operation.cancellable) client.operations.cancelOperation({ id: operation.id }).catch(() => controller.abort());
    else controller.abort();
  };
  process.once('SIGINT', onInterrupt);
  try {
    const ended = await client.operations.wait(operation.id, {
      signal: controller.signal,
      onProgress: (current) => line.update(progressText(current)),
    });
    line.clear();
    for (const text of ended.log) if (text.startsWith(notePrefix)) process.stderr.write(`${clean(text)}\n`);
    return ended;
  } catch (error) {
    // Ended by the signal itself, so that a loop in a shell stops.
    if (isInterrupted && isOperationError(error) && error.reason === 'CANCELED') throw new EndedBySignal('SIGINT');
    throw error;
  } finally {
    line.clear();
    process.off('SIGINT', onInterrupt);
  }
}

function progressText(operation: Operation): string {
  const percent = operation.progress === undefined ? '' : ` ${Math.round(operation.progress * 100)} %`;
  return `${operation.target}: ${operation.stage || operation.kind}${percent}`;
}
