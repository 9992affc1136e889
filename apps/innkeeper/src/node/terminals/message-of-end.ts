import type { OperationError } from '@innkeeper/contract';
import type { ExecExited } from '@innkeeper/contract/agent';

/** How a terminal ended: the end of its process, or why it was lost. */
export interface TerminalEnd {
  readonly exited?: ExecExited;
  readonly error?: OperationError;
}

/** The message to viewers at the end. */
export function messageOfEnd({ exited, error }: TerminalEnd): object {
  if (error !== undefined) {
    const { code, reason, message, nextStep } = error;
    return { type: 'error', code, reason, message, nextStep };
  }
  const status = exited?.status;
  if (status?.case === 'signal') return { type: 'exited', signal: status.value };
  return { type: 'exited', code: status?.value ?? 0 };
}
