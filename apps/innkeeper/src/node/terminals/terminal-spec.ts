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

/**
 * The nearest supported size: 2 to 500 columns and 1 to 200 rows. undefined for an invalid size, such as 0×0 of a window
 * that is not shown yet: it is ignored.
 */
export function nearestSize(
  columns: number,
  rows: number,
): { readonly columns: number; readonly rows: number } | undefined {
  if (!(columns >= 1 && rows >= 1)) return undefined;
  const nearest = (value: number, least: number, most: number): number =>
    Math.min(Math.max(Math.trunc(value), least), most);
  return { columns: nearest(columns, 2, maxColumns), rows: nearest(rows, 1, maxRows) };
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
