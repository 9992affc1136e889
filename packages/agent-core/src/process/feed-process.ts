import type { ExecRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { isSignal, maxSignal } from '@innkeeper/contract/limits';
import type { ManagedProcess } from './managed-process.ts';

/**
 * Handles a follower's input, signals and resizes in order, until the input ends.
 * @throws OperationError STDIN_CLOSED, STDIN_GAP, INVALID_ARGUMENT
 */
export async function feedProcess(process: ManagedProcess, input: AsyncIterator<ExecRequest>): Promise<void> {
  for (;;) {
    const next = await input.next();
    if (next.done === true) return;
    const request = next.value.input;
    switch (request.case) {
      case 'stdin': {
        if (process.stdin === undefined)
          throw new OperationError('STDIN_CLOSED', 'This process was started without standard input.');
        const { offset, data, end } = request.value;
        await process.stdin.take(Number(offset), data, end);
        break;
      }
      case 'resize':
        checkTerminalSize(request.value);
        process.resize(request.value.columns, request.value.rows);
        break;
      case 'signal':
        process.signal(checkSignal(request.value), false);
        break;
      default:
        throw new OperationError('INVALID_ARGUMENT', 'start or attach must be the first message, and only there.');
    }
  }
}

/** @throws OperationError INVALID_ARGUMENT */
export function checkSignal(signal: number): number {
  if (!isSignal(signal))
    throw new OperationError('INVALID_ARGUMENT', `${signal} is not a valid signal; use 1 to ${maxSignal}.`);
  return signal;
}

/** @throws OperationError INVALID_ARGUMENT */
export function checkTerminalSize({ columns, rows }: { readonly columns: number; readonly rows: number }): void {
  if (columns < 1 || rows < 1 || columns > 10_000 || rows > 10_000)
    throw new OperationError('INVALID_ARGUMENT', 'columns and rows must be 1 to 10,000.');
}
