import { ExecEnding } from '@innkeeper/contract/agent';
import { type Run, RunState, type RunTarget } from '@innkeeper/contract/control';
import { exitCodes } from '../exit-codes.ts';

/** As `inn exec` has them: 124 timeout, 125 not started or lost, 126 not executable, 127 not found. */
const codes = { timeout: 124, notStarted: 125, notExecutable: 126, notFound: 127 } as const;

/** With one target its own code; with many 0 when all succeeded, else 1. 130 for a run that was cancelled. */
export function runExitCode({ state, targets }: Pick<Run, 'state' | 'targets'>): number {
  const [target, ...others] = targets;
  if (state === RunState.CANCELED) return exitCodes.interrupted;
  if (target !== undefined && others.length === 0) return targetExitCode(target);
  return state === RunState.SUCCEEDED ? 0 : exitCodes.general;
}

/** The process's code; 128 and the number for a signal. */
function targetExitCode({ exited, errorReason }: RunTarget): number {
  if (exited === undefined) {
    if (errorReason === 'COMMAND_NOT_FOUND') return codes.notFound;
    return errorReason === 'COMMAND_NOT_EXECUTABLE' ? codes.notExecutable : codes.notStarted;
  }
  if (exited.ending === ExecEnding.TIMEOUT) return codes.timeout;
  return exited.status.case === 'signal' ? 128 + exited.status.value : (exited.status.value ?? codes.notStarted);
}
