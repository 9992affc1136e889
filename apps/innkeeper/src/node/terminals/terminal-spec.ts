import type { MessageInitShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import type { ProcessSpecSchema } from '@innkeeper/contract/agent';
import { processIdOf, type TerminalRecord } from './terminal-record.ts';

const maxColumns = 500;
const maxRows = 200;
const maxTitleChars = 100;

/** The agent sets SHELL to the user's shell in the guest's passwd. */
const loginShell = 'exec "$SHELL" -l';
/** The type of xterm.js, and a locale that exists in every guest without being generated. */
const environment = { TERM: 'xterm-256color', COLORTERM: 'truecolor', LANG: 'C.UTF-8' };

/** @throws OperationError INVALID_ARGUMENT for an unsupported size */
export function checkSize(columns: number, rows: number): { readonly columns: number; readonly rows: number } {
  const fits = (value: number, least: number, most: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most;
  if (!fits(columns, 2, maxColumns) || !fits(rows, 1, maxRows))
    throw new OperationError(
      'INVALID_ARGUMENT',
      `A terminal must have 2 to ${maxColumns} columns and 1 to ${maxRows} rows, not ${columns} and ${rows}.`,
    );
  return { columns, rows };
}

/** The request to the agent. @throws OperationError INVALID_ARGUMENT for a title that is too long */
export function terminalSpec(
  record: TerminalRecord,
  workingDirectory: string,
): MessageInitShape<typeof ProcessSpecSchema> {
  const { user, argv, columns, rows, title } = record;
  if (title.length > maxTitleChars)
    throw new OperationError('INVALID_ARGUMENT', `The title is too long (at most ${maxTitleChars} characters).`);
  return {
    id: processIdOf(record),
    user,
    workingDirectory,
    environment,
    stdin: true,
    ...(argv.length === 0 ? { shellCommand: loginShell } : { argv: [...argv] }),
    terminal: { columns, rows },
  };
}
