import { ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { isOperationError } from '@innkeeper/contract/errors';
import { type Arguments, type JsonValue, object, QgaError, Streamed } from '@innkeeper/wire';
import type { ContentCommand, ContentSession } from './content-command.ts';
import { type Capture, closeEntry, type ExecEntry } from './exec-table.ts';

const captures: readonly Capture[] = ['none', 'stdout', 'stderr', 'separated', 'merged'];
const reasons: Readonly<Record<string, string>> = {
  COMMAND_NOT_FOUND: 'No such file or directory',
  COMMAND_NOT_EXECUTABLE: 'Permission denied',
};

/** guest-exec and guest-exec-status. */
export const execCommands: readonly ContentCommand[] = [
  {
    name: 'guest-exec',
    needs: [ProcessServiceLite.exec],
    prepare: (parameters) => {
      const path = parameters.text('path');
      const words = parameters.optionalTexts('arg') ?? [];
      const environment = parameters.optionalTexts('env');
      const input = parameters.optionalContent('input-data');
      const capture = readCapture(parameters);
      return async (session) => {
        const environmentOf = environment === undefined ? undefined : environmentFrom(environment);
        try {
          const pid = await session.execs.start({
            id: session.freshId(),
            argv: [path, ...words],
            environment: environmentOf,
            input: input === undefined ? undefined : session.takeContent(),
            capture,
          });
          return object({ pid: BigInt(pid) });
        } catch (error) {
          if (!isOperationError(error)) throw error;
          const reason = reasons[error.reason] ?? error.message;
          throw new QgaError(`Failed to execute child process “${path}” (${reason})`);
        }
      };
    },
  },
  {
    name: 'guest-exec-status',
    needs: [ProcessServiceLite.exec],
    prepare: (parameters) => {
      const pid = parameters.integer('pid');
      return async (session) => status(pid, session);
    },
  },
];

function readCapture(parameters: Arguments): Capture {
  return (
    parameters.alternate('capture-output', 'GuestExecCaptureOutput', (value): Capture | undefined => {
      if (typeof value === 'boolean') return value ? 'separated' : 'none';
      if (typeof value !== 'string') return undefined;
      const capture = captures.find((each) => each === value);
      if (capture === undefined) throw new QgaError(`Parameter 'capture-output' does not accept value '${value}'`);
      return capture;
    }) ?? 'none'
  );
}

/** A text without "=" is a variable for nobody. */
function environmentFrom(texts: readonly string[]): Record<string, string> {
  const rows = texts.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)] as const);
  return Object.fromEntries(rows.filter(([name], at) => name !== '' && texts[at]?.includes('=') === true));
}

function status(pid: bigint, session: ContentSession): JsonValue {
  const entry = session.execs.take(Number(pid));
  if (entry === undefined) throw new QgaError(`PID ${pid} does not exist`);
  const { exited } = entry;
  if (exited === undefined) return object({ exited: false });
  session.afterwards(() => closeEntry(entry));
  return object({
    exited: true,
    exitcode: exited.status.case === 'exitCode' ? BigInt(exited.status.value) : undefined,
    signal: exited.status.case === 'signal' ? BigInt(exited.status.value) : undefined,
    ...outputOf('out', entry.out),
    ...outputOf('err', entry.err),
  });
}

function outputOf(name: string, { spool, isTruncated }: ExecEntry['out']): Record<string, JsonValue> {
  return spool.bytes === 0 ? {} : { [`${name}-data`]: new Streamed(spool), [`${name}-truncated`]: isTruncated };
}
