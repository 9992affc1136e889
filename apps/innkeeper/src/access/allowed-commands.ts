import { OperationError } from '@innkeeper/contract';
import type { RequestedCommand } from '@innkeeper/contract/rules';
import type { Caller } from '../ports/caller.ts';

const maxCommands = 50;
const maxCommandChars = 1000;

/** Throws INVALID_ARGUMENT for a list that cannot be one of a token. */
export function checkAllowedCommands(commands: readonly string[]): void {
  if (
    commands.length > maxCommands ||
    commands.some((text) => text.length > maxCommandChars || wordsOf(text).length === 0)
  ) {
    throw new OperationError(
      'INVALID_ARGUMENT',
      `A token can have ${maxCommands} allowed commands of 1 to ${maxCommandChars} characters.`,
    );
  }
  if (commands.every((text) => wordsOf(text)[0]?.startsWith('/'))) return;
  throw new OperationError('INVALID_ARGUMENT', 'An allowed command begins with the absolute path of its program.', {
    nextStep: 'Write "/usr/bin/systemctl restart" instead of "systemctl restart".',
  });
}

/**
 * Holds a caller whose token has allowed commands to them: the command must begin with the words of one. To be asked
 * before anything is started in a guest, by whatever way. Throws COMMAND_NOT_ALLOWED.
 */
export function assertCommandAllowed({ allowedCommands }: Caller, wanted: RequestedCommand): void {
  if (allowedCommands.length === 0) return;
  const refuse = (why: string): never => {
    throw new OperationError(
      'COMMAND_NOT_ALLOWED',
      `${why} This token may start: ${allowedCommands
        .map((text) => `"${text}"`)
        .join(', ')
        .slice(0, 500)}.`,
    );
  };
  if (wanted.isShell) refuse('A shell or script could run anything.');
  if (wanted.hasEnvironment) refuse('An environment could make it another command.');
  const isAllowed = allowedCommands.some((text) => wordsOf(text).every((word, index) => word === wanted.argv[index]));
  if (!isAllowed) refuse(`"${wanted.argv.join(' ').slice(0, 100)}" is not allowed.`);
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
