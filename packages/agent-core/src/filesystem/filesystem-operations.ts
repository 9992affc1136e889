import { FilesystemServiceLite } from '@innkeeper/contract/agent-lite';
import type { Log } from '@innkeeper/kit';
import { immediateOperation, type Operation, unaryOperation } from '../dispatch.ts';
import type { GuestFreezeState } from '../freeze-state.ts';
import type { Host } from '../host.ts';
import { FreezeManager } from './freeze-manager.ts';
import { trim } from './trim.ts';

/** Freeze, Renew, Thaw, GetFreeze and Trim. */
export function filesystemOperations(
  host: Host,
  log: Log,
  {
    bootId,
    state,
    hook,
  }: { readonly bootId: string; readonly state: GuestFreezeState; readonly hook?: string | undefined },
): Operation[] {
  const freeze = new FreezeManager(host, log, { bootId, changes: state.changes, hook });
  state.manager = freeze;
  return [
    unaryOperation(FilesystemServiceLite.freeze, async (request) => {
      // It would thaw these, too.
      await state.recovery;
      return freeze.freeze(request);
    }),
    unaryOperation(FilesystemServiceLite.renew, ({ id, leaseMs }) => freeze.renew(id, leaseMs)),
    unaryOperation(FilesystemServiceLite.thaw, ({ id }) => freeze.thaw(id)),
    immediateOperation(FilesystemServiceLite.getFreeze, () => freeze.report()),
    unaryOperation(FilesystemServiceLite.trim, (request, signal) => trim(host, request, signal)),
  ];
}
