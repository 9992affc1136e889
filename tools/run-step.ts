import { spawn } from 'node:child_process';

/**
 * Runs one step of a command with its output on ours and ends the process with a sentence when it fails.
 * `node` is this very Node.
 */
export async function runStep(
  name: string,
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const started = performance.now();
  const child = spawn(program === 'node' ? process.execPath : program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: environment,
  });
  const status = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (status === 0) {
    process.stderr.write(`✓ ${name} (${seconds} s)\n`);
    return;
  }
  process.stderr.write(`✗ ${name} failed after ${seconds} s with exit code ${status}.\n`);
  process.exit(status);
}
