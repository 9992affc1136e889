import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import type { AgentLink, CallOptions } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import type { GuestService } from '@innkeeper/contract/control';
import { explainEnd } from './explain-end.ts';
import type { NodeOfControl } from './node-of-control.ts';

/** Milliseconds for what looks at one thing. A folder of a million entries is read in 20 s. */
const lookTimeoutMs = 60_000;
/** Milliseconds for what may walk a whole tree. */
const treeTimeoutMs = 600_000;

interface GuestRequest<T> {
  readonly vm: string;
  readonly request?: T | undefined;
}

/** GuestService over a node: each call is the agent's own, for a VM that the gate has let the caller to. */
export function createGuestService({ vms }: NodeOfControl): ServiceImpl<typeof GuestService> {
  const unary =
    <I, O>(work: (agent: AgentLink, request: I, options: CallOptions) => Promise<O>, timeoutMs = lookTimeoutMs) =>
    async ({ vm: idOrName, request }: GuestRequest<I>, { signal }: HandlerContext): Promise<O> => {
      if (request === undefined) throw new OperationError('INVALID_ARGUMENT', 'The field "request" is missing.');
      const vm = vms.find(idOrName);
      vm.assertAllowed('guest');
      try {
        return await work(await vm.agent({ signal }), request, { signal, timeoutMs });
      } catch (error) {
        throw await explainEnd(error, vm, signal);
      }
    };
  return {
    listDirectory: unary((agent, request, options) => agent.listDirectory(request, options)),
    statFile: unary((agent, { path, follow, noSymlinks }, options) =>
      agent.stat(path, { follow, noSymlinks, ...options }),
    ),
    makeDirectory: unary((agent, request, options) => agent.makeDirectory(request, options)),
    renameFile: unary((agent, request, options) => agent.renameFile(request, options)),
    removeFile: unary((agent, request, options) => agent.removeFile(request, options), treeTimeoutMs),
    setFileMode: unary((agent, request, options) => agent.setFileMode(request, options), treeTimeoutMs),
    setFileOwner: unary((agent, request, options) => agent.setFileOwner(request, options), treeTimeoutMs),
    listProcesses: unary((agent, request, options) => agent.listProcesses(request, options)),
    signalProcess: unary((agent, request, options) => agent.signalProcess(request, options)),
  };
}
