import { Arguments, type JsonValue, QgaError, type QgaRequest } from '@innkeeper/wire';
import type { Dispatcher } from '../../dispatch.ts';
import type { FreezeState } from '../../freeze-state.ts';
import type { QgaState } from './qga-state.ts';
import { runSteps } from './run-steps.ts';

export interface ExecuteOptions {
  readonly state: QgaState;
  readonly dispatcher: Dispatcher;
  readonly freeze: FreezeState;
  readonly signal: AbortSignal;
}

/**
 * Carries out a request. Resolves with its result; undefined: nothing is to be sent. Rejects with QgaError or
 * OperationError.
 */
export async function execute(
  { execute: name, arguments: values }: QgaRequest,
  { state, dispatcher, freeze, signal }: ExecuteOptions,
): Promise<JsonValue | undefined> {
  const command = state.byName.get(name);
  if (command === undefined) throw new QgaError(`The command ${name} has not been found`, 'CommandNotFound');
  // While frozen, only what does not write is allowed, and that whatever the guest's lists say: it has to be thawed.
  if (freeze.isFrozen ? command.whileFrozen !== true : !state.allows(name))
    throw new QgaError(
      `Command ${name} has been disabled: ${freeze.isFrozen ? 'the agent is in frozen state' : 'the command is not allowed'}`,
      'CommandNotFound',
    );
  const parameters = new Arguments(values);
  const run = command.prepare(parameters, state);
  parameters.end();
  const result = await runSteps(run(), dispatcher, signal);
  return command.isSilent ? undefined : result;
}
