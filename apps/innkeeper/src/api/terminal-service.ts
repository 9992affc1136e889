import type { ServiceImpl } from '@connectrpc/connect';
import type { TerminalService } from '@innkeeper/contract/control';
import { authorizedCallOf } from '../edge/api-interceptors.ts';
import { pageOf } from '../edge/page.ts';
import { findTerminal, mayOpen } from '../node/terminals/find-terminal.ts';
import type { TerminalManager } from '../node/terminals/terminal-manager.ts';
import { terminalMessage } from '../node/terminals/terminal-message.ts';
import type { NodeApi } from '../ports/node-api.ts';

/** TerminalService: the gate has checked access to the VM; the terminal's owner is checked here. */
export function createTerminalService(
  { vms }: NodeApi,
  terminals: TerminalManager,
): ServiceImpl<typeof TerminalService> {
  return {
    createTerminal: async (request, context) => {
      const call = authorizedCallOf(context);
      const vm = vms.find(request.vm);
      vm.assertAllowed('guest');
      const terminal = await terminals.create(vm, request, call.caller.name, context.signal);
      call.note({ id: terminal.record.id });
      return terminalMessage(terminal);
    },
    listTerminals: async (request, context) => {
      const { caller } = authorizedCallOf(context);
      const all = await terminals.list(vms.find(request.vm).id);
      const { items, nextPageToken } = pageOf(
        all.filter((terminal) => mayOpen(caller, terminal)),
        request,
      );
      return { terminals: items.map(terminalMessage), nextPageToken };
    },
    closeTerminal: async ({ vm, id }, context) => {
      const terminal = await findTerminal(terminals, authorizedCallOf(context).caller, vms.find(vm).id, id);
      await terminals.close(terminal, context.signal);
      return terminalMessage(terminal);
    },
  };
}
