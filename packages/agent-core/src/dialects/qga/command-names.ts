import { qgaCommands } from '@innkeeper/wire';
import { execCommands } from './exec-commands.ts';
import { fileContentCommands } from './file-contents.ts';

/** All commands, by their names. */
export const commandNames: readonly string[] = [...qgaCommands, ...execCommands, ...fileContentCommands].map(
  ({ name }) => name,
);
