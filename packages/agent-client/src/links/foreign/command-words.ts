import { OperationError } from '@innkeeper/contract/errors';
import type { ForeignSpec } from './foreign-agent.ts';
import { lacks } from './refusals.ts';

/**
 * Program and arguments of a command, for dialects that have nothing else: a working directory and variables are set by the
 * guest's own sh and env. Another user is refused.
 */
export function commandWords(spec: ForeignSpec, title: string): string[] {
  if ((spec.user ?? '') !== '' || (spec.group ?? '') !== '')
    throw lacks(`${title} cannot run a command as another user`, 'exec.user');
  const words = (spec.shellCommand ?? '') === '' ? [...(spec.argv ?? [])] : ['/bin/sh', '-c', spec.shellCommand ?? ''];
  if (words.length === 0 || words[0] === '') throw new OperationError('INVALID_ARGUMENT', 'The command is empty.');
  if (words.some((word) => word.includes('\0')))
    throw new OperationError('INVALID_ARGUMENT', 'A command cannot contain NUL.');
  const variables = Object.entries(spec.environment ?? {}).map(([name, value]) => `${name}=${value}`);
  const withVariables = variables.length === 0 ? words : ['env', ...variables, ...words];
  const folder = spec.workingDirectory ?? '';
  return folder === '' ? withVariables : ['/bin/sh', '-c', 'cd -- "$0" && exec "$@"', folder, ...withVariables];
}
