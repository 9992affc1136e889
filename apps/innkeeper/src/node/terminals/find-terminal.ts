import { OperationError } from '@innkeeper/contract';
import { mayDo } from '../../access/authorize.ts';
import type { Caller } from '../../ports/caller.ts';
import type { Terminal } from './terminal.ts';
import type { TerminalManager } from './terminal-manager.ts';

/** Whether a caller may see and use a terminal: its creator and administrators may. */
export function mayOpen(caller: Caller, terminal: Terminal): boolean {
  return terminal.record.createdBy === caller.name || mayDo(caller, 'user.manage', 'everywhere');
}

/** Fails with TERMINAL_NOT_FOUND, also for terminals of other users. */
export async function findTerminal(
  terminals: TerminalManager,
  caller: Caller,
  vmId: string,
  id: string,
): Promise<Terminal> {
  const terminal = await terminals.find(vmId, id);
  if (terminal !== undefined && mayOpen(caller, terminal)) return terminal;
  throw new OperationError('TERMINAL_NOT_FOUND', `There is no terminal "${id.slice(0, 80)}".`);
}
