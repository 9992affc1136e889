import type { ExecStream } from '@innkeeper/client';
import { OutputStream } from '@innkeeper/contract/agent';
import { isOperationError } from '@innkeeper/contract/errors';
import { EndedBySignal, type TerminationSignal } from '../ended-by-signal.ts';
import { writeAll } from '../write-all.ts';
import { commandCodes, endedCode, failureCode } from './command-exit-code.ts';
import { connectTerminal } from './connect-terminal.ts';

interface FollowExecOptions {
  readonly terminal: boolean;
  /** Whether standard input is passed to the command. */
  readonly input: boolean;
  /** Whether lost output is not an error: after --attach the oldest output may be gone. */
  readonly mayMissOutput: boolean;
  /** Whether the daemon or the agent is unreachable now. */
  readonly isLost: () => boolean;
}

/** Passes input, output and signals through until the command ends. Returns the exit code. @throws EndedBySignal after detaching */
export async function followExec(
  stream: ExecStream,
  { isLost, mayMissOutput, ...options }: FollowExecOptions,
): Promise<number> {
  let endedBy: TerminationSignal | undefined;
  let hasStarted = false;
  let isIncomplete = false;
  const onInputFailed = (): void => {
    isIncomplete = true;
  };
  const onDetach = (signal: TerminationSignal): void => {
    if (endedBy !== undefined) return;
    endedBy = signal;
    process.stderr.write(
      `inn: detached; the command keeps running unless the signal ends it. Follow it: --attach ${stream.id}\n`,
    );
    stream.close();
  };
  const isReachable = (): boolean => hasStarted && !isLost();
  const release = connectTerminal(stream, { ...options, isReachable, onInputFailed, onDetach });
  try {
    for await (const { event } of stream) {
      hasStarted = true;
      if (event.case === 'output')
        await writeAll(event.value.stream === OutputStream.STDERR ? process.stderr : process.stdout, event.value.data);
      else if (event.case === 'gap') {
        process.stderr.write(`inn: ${event.value.bytes} bytes of output were dropped before they could be read\n`);
        isIncomplete ||= !mayMissOutput;
      } else if (event.case === 'exited') {
        const code = endedCode(event.value);
        return code === 0 && isIncomplete ? commandCodes.failed : code;
      }
    }
    return commandCodes.failed;
  } catch (error) {
    if (endedBy !== undefined) throw new EndedBySignal(endedBy);
    throw error;
  } finally {
    release();
  }
}

/** The exit code for a command that could not be started or followed. */
export function execFailureCode(error: unknown): number {
  return isOperationError(error) ? failureCode(error.reason) : commandCodes.failed;
}
