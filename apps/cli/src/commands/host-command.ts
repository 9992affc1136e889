import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CliError } from '../cli-error.ts';
import { EndedBySignal, onTerminationSignal, type TerminationSignal } from '../ended-by-signal.ts';
import { commandCodes } from './command-exit-code.ts';

/** Milliseconds between TERM and KILL when the freeze is lost. */
const killAfterMs = 5000;

/**
 * Runs a command on this machine with the standard streams of `inn`; resolves with its exit code, 128 plus the number of
 * a signal that ended it. Signals that ask `inn` to end are passed on, a second one as KILL; when the command has ended,
 * it rejects with EndedBySignal. Abort ends the command, with the signal's reason.
 */
export async function runHostCommand(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<number> {
  const [program = '', ...args] = words;
  let received: TerminationSignal | undefined;
  const stopListening = onTerminationSignal((name) => {
    // A terminal sends ^C to the command as well, which then gets it twice.
    child.kill(received === undefined ? name : 'SIGKILL');
    received = name;
  });
  // After that: a signal that came between the two would end `inn` alone, and leave the command.
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
  let killTimer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    child.kill('SIGTERM');
    killTimer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  };
  signal.addEventListener('abort', onAbort);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => reject(startError(program, error)));
      child.once('exit', (exitCode, name) => resolve(exitCode ?? 128 + (name === null ? 0 : constants.signals[name])));
    });
    if (received !== undefined) throw new EndedBySignal(received);
    signal.throwIfAborted();
    return code;
  } finally {
    stopListening();
    clearTimeout(killTimer);
    signal.removeEventListener('abort', onAbort);
  }
}

function startError(program: string, { code }: NodeJS.ErrnoException): CliError {
  const exitCode = code === 'ENOENT' ? commandCodes.notFound : commandCodes.notExecutable;
  const why = code === 'ENOENT' ? 'command not found' : `cannot be executed: ${code}`;
  return new CliError(`${program}: ${why}`, { exitCode });
}
