import { styleText } from 'node:util';
import { isOperationError } from '@innkeeper/contract/errors';
import { errorMessage } from '@innkeeper/kit';
import { cleanJson, cleanLines } from './clean.ts';
import { nextStepWithHint } from './inn-hints.ts';

const indent = '       ';

/** Prints an error on standard error: what happened, its reason and the next step; or the same as one line of JSON. */
export function printError(error: unknown, asJson: boolean): void {
  const message = errorMessage(error);
  if (asJson) {
    const object = isOperationError(error)
      ? { code: error.code, reason: error.reason, message, nextStep: error.nextStep }
      : { code: 'unknown', reason: 'INTERNAL', message };
    process.stderr.write(`${cleanJson(JSON.stringify({ error: object }))}\n`);
    return;
  }
  const label = styleText('red', 'error:', { stream: process.stderr });
  const text = cleanLines(message, indent);
  process.stderr.write(
    isOperationError(error)
      ? `${label} ${text} (${error.reason})\n${indent}${cleanLines(nextStepWithHint(error), indent)}\n`
      : `${label} ${text}\n`,
  );
}
