import { isOperationError, OperationError, type ReasonName } from '@innkeeper/contract/errors';
import { cleanText } from '@innkeeper/kit';

/** Characters of a description that are looked at. */
const maxCharacters = 400;

/** Descriptions of a QGA agent, in the order in which they are looked for, with what they mean. */
const meanings: readonly (readonly [RegExp, ReasonName])[] = [
  [/frozen state/, 'FILESYSTEM_FROZEN'],
  [/has been disabled/, 'DENIED_BY_GUEST_POLICY'],
  [/Failed to execute child process .*No such file/, 'COMMAND_NOT_FOUND'],
  [/Failed to execute child process .*Permission denied/, 'COMMAND_NOT_EXECUTABLE'],
  [/Failed to execute child process/, 'SPAWN_FAILED'],
  [/PID .* does not exist|parameter 'pid'/, 'EXEC_NOT_FOUND'],
  [/No such file or directory/, 'FILE_NOT_FOUND'],
  [/Is a directory/, 'FILE_IS_DIRECTORY'],
  [/Not a directory/, 'FILE_NOT_DIRECTORY'],
  [/Permission denied|Operation not permitted/, 'FILE_PERMISSION'],
  [/Read-only file system/, 'FILE_READ_ONLY'],
  [/No space left|Disk quota/, 'GUEST_DISK_FULL'],
];

/** An error of a QGA agent, with the reason that its text means. */
export function qgaError(
  command: string,
  { errorClass, description }: { readonly errorClass: string; readonly description: string },
): OperationError {
  // Cut first: a description can fill an answer of 44 MiB, and the patterns take quadratic time.
  const said = cleanText(description, maxCharacters);
  const text = `${command}: ${said}`;
  const meant = meanings.find(([pattern]) => pattern.test(said))?.[1];
  if (meant !== undefined) return new OperationError(meant, text);
  return new OperationError(errorClass === 'CommandNotFound' ? 'UNSUPPORTED_BY_AGENT' : 'GUEST_IO', text);
}

/** Whether an error is of the connection or of all answers, and not the agent's answer to one command. */
export function isGone(error: unknown): boolean {
  return !isOperationError(error) || ['AGENT_UNREACHABLE', 'GUEST_MISBEHAVES'].includes(error.reason);
}

/** What `ask` resolves with; undefined if the agent answers with an error, as for a command that it does not have. */
export async function optional<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isGone(error)) throw error;
    return undefined;
  }
}
