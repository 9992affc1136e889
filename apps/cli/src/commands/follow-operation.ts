import type { InnkeeperClient } from '@innkeeper/client';
import type { Operation } from '@innkeeper/contract/control';
import { ProgressLine } from '../output/progress-line.ts';

/** Waits for an operation and shows its stage on the terminal. ^C gives up waiting and cancels it where it can be. */
export async function followOperation(
  client: InnkeeperClient,
  operation: Operation,
  quiet: boolean,
): Promise<Operation> {
  const line = new ProgressLine(quiet);
  const controller = new AbortController();
  const onInterrupt = (): void => {
    if (operation.cancellable) client.operations.cancelOperation({ id: operation.id }).catch(() => controller.abort());
    else controller.abort();
  };
  process.once('SIGINT', onInterrupt);
  try {
    return await client.operations.wait(operation.id, {
      signal: controller.signal,
      onProgress: (now) => line.update(textOf(now)),
    });
  } finally {
    line.clear();
    process.off('SIGINT', onInterrupt);
  }
}

function textOf(operation: Operation): string {
  const percent = operation.progress === undefined ? '' : ` ${Math.round(operation.progress * 100)} %`;
  return `${operation.target}: ${operation.stage || operation.kind}${percent}`;
}
