import { create } from '@bufbuild/protobuf';
import { type Terminal as TerminalMessage, TerminalSchema, TerminalState } from '@innkeeper/contract/control';
import type { Terminal } from './terminal.ts';

/** A terminal as an API message. */
export function terminalMessage(terminal: Terminal): TerminalMessage {
  const { record, columns, rows, viewers, end } = terminal;
  const { id, vmId, user, argv, createdMs, createdBy } = record;
  return create(TerminalSchema, {
    id,
    vmId,
    user,
    argv: [...argv],
    columns,
    rows,
    createdBy,
    viewers: viewers.size,
    title: record.title || terminal.title || argv[0] || 'shell',
    createdUnixNs: BigInt(createdMs) * 1_000_000n,
    state: end === undefined ? TerminalState.RUNNING : TerminalState.ENDED,
    ...(end?.exited === undefined ? {} : { exited: end.exited }),
    errorReason: end?.error?.reason ?? '',
    errorMessage: end?.error?.message ?? '',
  });
}
