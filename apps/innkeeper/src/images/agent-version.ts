import { OperationError } from '@innkeeper/contract/errors';
import { type Abortable, runProgram } from '../host-tools/index.ts';

/**
 * The version that an agent binary says of itself. Rejects with INTERNAL when it does not run here or says none: such a
 * file is not put into an image.
 */
export async function agentVersionOf(path: string, { signal }: Abortable = {}): Promise<string> {
  const { exitCode, stdout } = await runProgram(path, ['--version'], { signal, timeoutMs: 10_000 });
  const version = /\d+\.\d+\.\d+[\w.+-]*/.exec(stdout)?.[0];
  if (exitCode !== 0 || version === undefined) {
    throw new OperationError('INTERNAL', `${path} is no agent: "--version" ends with ${exitCode}.`, {
      nextStep: 'Build the agent again: npm run build:agent.',
    });
  }
  return version;
}
