import type { ExecExited } from '@innkeeper/contract/agent';
import { ExecEnding } from '@innkeeper/contract/agent-lite';

/** Exit codes for commands in guests, the same as docker's: 124 timeout, 125 not started or followed, 126 not executable, 127 not found. */
export const commandCodes = { timeout: 124, failed: 125, notExecutable: 126, notFound: 127 } as const;

/** For a command that ended: its own code, 128 plus the number of the signal that ended it, or 124 after a timeout. */
export function endedCode({ ending, status }: ExecExited): number {
  if (ending === ExecEnding.TIMEOUT) return commandCodes.timeout;
  return status.case === 'signal' ? 128 + status.value : (status.value ?? commandCodes.failed);
}

/** What the end of a command leaves behind, for people. */
export function endNotes({ ending, orphansLeft, outputCut }: ExecExited): string[] {
  const notes: string[] = [];
  if (outputCut) notes.push('other processes still have the output open; what they print now is lost');
  if (ending === ExecEnding.OUT_OF_MEMORY) notes.push('the guest’s kernel killed it: out of memory');
  if (ending === ExecEnding.TIMEOUT && orphansLeft > 0)
    notes.push(`${orphansLeft} of its processes could not be ended and may still run`);
  return notes;
}

/** For a command that could not be started or followed, by the reason of the error. */
export function failureCode(reason: string): number {
  if (reason === 'COMMAND_NOT_FOUND') return commandCodes.notFound;
  return reason === 'COMMAND_NOT_EXECUTABLE' ? commandCodes.notExecutable : commandCodes.failed;
}
