import { styleText } from 'node:util';
import { isOperationError } from '@innkeeper/contract/errors';

/** One error on standard error: what happened, its reason, what to do; or the same as one line of JSON. */
export function printError(error: unknown, asJson: boolean): void {
  if (asJson) {
    const object = isOperationError(error)
      ? { code: error.code, reason: error.reason, message: error.message, nextStep: error.nextStep }
      : { code: 'unknown', reason: 'INTERNAL', message: String(error instanceof Error ? error.message : error) };
    process.stderr.write(`${JSON.stringify({ error: object })}\n`);
    return;
  }
  const label = styleText('red', 'error:', { stream: process.stderr });
  if (isOperationError(error))
    process.stderr.write(`${label} ${error.message} (${error.reason})\n       ${error.nextStep}\n`);
  else process.stderr.write(`${label} ${error instanceof Error ? error.message : String(error)}\n`);
}
