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
        // A window without a size, such as one that is being created, is not an error.
        if (request.value.columns > 0 && request.value.rows > 0)
          process.resize(
            Math.min(request.value.columns, maxTerminalSide),
            Math.min(request.value.rows, maxTerminalSide),
          );
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

/** Maximum columns or rows of a terminal. */
export const maxTerminalSide = 10_000;
