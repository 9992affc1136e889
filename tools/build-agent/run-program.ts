import { spawnSync } from 'node:child_process';

/** Runs a program to its end; throws with its output when it fails. */
export function runProgram(program: string, args: readonly string[], directory?: string): void {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    cwd: directory,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  if (error !== undefined) throw new Error(`${program} could not be started: ${error.message}`);
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')}\nfailed with exit code ${status}:\n${stdout}${stderr}`);
}

/** Runs a program and returns whether it succeeded; its output is discarded. */
export function tryProgram(program: string, args: readonly string[], directory: string | undefined): boolean {
  const { status } = spawnSync(program, args, { cwd: directory, stdio: 'ignore' });
  return status === 0;
}
