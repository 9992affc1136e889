import { Arguments, type JsonValue, QgaError, type QgaRequest } from '@innkeeper/wire';
import type { ContentSession, WriteAnswer } from './content-command.ts';
import type { QgaState } from './qga-state.ts';
import { runSteps } from './run-steps.ts';

/**
 * Carries out a request. Resolves with its result, or what writes it; undefined: nothing is to be sent. Rejects with
 * QgaError or OperationError.
 */
export async function execute(
  { execute: name, arguments: values }: QgaRequest,
  state: QgaState,
  session: ContentSession,
): Promise<JsonValue | WriteAnswer | undefined> {
  const { dispatcher, signal } = session;
  const plain = state.plain.get(name);
  const withContents = state.withContents.get(name);
  if (plain === undefined && withContents === undefined)
    throw new QgaError(`The command ${name} has not been found`, 'CommandNotFound');
  const reason = state.whyDisabled(name);
  if (reason !== undefined) throw new QgaError(`Command ${name} has been disabled: ${reason}`, 'CommandNotFound');
  const parameters = new Arguments(values);
  const start = withContents?.prepare(parameters);
  const run = plain?.prepare(parameters, state);
  parameters.end();
  if (start !== undefined) return await start(session);
  const result = run === undefined ? undefined : await runSteps(run(), dispatcher, signal);
  return plain?.isSilent ? undefined : result;
}
