import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { showStep } from './setup/live-line.mjs';

/**
 * Runs one step of a command; if it fails, prints a message and exits. The step's output is shown on stderr, and a status
 * line while there is none. `node` is the running Node.
 */
export async function runStep(
  name: string,
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const step = showStep(name);
  const colors = process.stderr.isTTY ? { FORCE_COLOR: '1' } : {};
  const child = spawn(program === 'node' ? process.execPath : program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, ...colors },
  });
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', step.print);
  // ^C is sent to the whole foreground group and ends the step; this process reports which step it was.
  let stoppedBy: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    stoppedBy = signal;
    if (signal === 'SIGTERM') child.kill(signal);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const { status, error } = await new Promise<{ status: number; error?: Error }>((resolve) => {
    child.on('error', (failure) => resolve({ status: 1, error: failure }));
    child.on('close', (code) => resolve({ status: code ?? 1 }));
  });
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  const seconds = step.stop();
  if (status === 0 && stoppedBy === undefined) {
    process.stderr.write(`✓ ${name} (${seconds} s)\n`);
    return;
  }
  if (stoppedBy !== undefined) {
    process.stderr.write(`✗ ${name} was stopped after ${seconds} s.\n`);
    process.exit(stoppedBy === 'SIGINT' ? 130 : 143);
  }
  const why = error === undefined ? `with exit code ${status}` : `because it could not be started: ${error.message}`;
  process.stderr.write(`✗ ${name} failed after ${seconds} s ${why}.\n`);
  process.exit(status);
}
