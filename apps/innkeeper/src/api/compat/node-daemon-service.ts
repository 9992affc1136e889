import type { ServiceImpl } from '@connectrpc/connect';
import { FilesystemServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { defaultQuiesceSeconds, frozenFilesystems, frozenMountPoints } from '@innkeeper/contract/freeze-answers';
import { freezeLeaseMs } from '@innkeeper/contract/limits';
import type { NodeDaemonService } from '@innkeeper/contract/node-daemon';
import type { NodeApi } from '../../ports/node-api.ts';
import { GuestAnswers } from './guest-answers.ts';

/** The guest methods of limiquantix.node.v1.NodeDaemonService over Innkeeper's agents. */
export function createNodeDaemonService(node: NodeApi): ServiceImpl<typeof NodeDaemonService> {
  const guests = new GuestAnswers(node);
  return {
    pingAgent: ({ vmId }, { signal }) => guests.ping(vmId, signal),
    executeInGuest: (request, { signal }) => guests.execute(request, signal),
    readGuestFile: async (request, { signal }) => {
      const file = await guests.read(request, signal);
      if ('error' in file) return file;
      return { ...file, eof: request.offset + BigInt(file.data.length) >= file.totalSize };
    },
    writeGuestFile: (request, { signal }) => guests.write(request, signal),
    guestShutdown: (request, { signal }) => guests.shutDown(request, signal),
    quiesceFilesystems: ({ vmId, mountPoints, timeoutSeconds, runPreFreezeScripts }, { signal }) =>
      guests.with(vmId, signal, async (agent) => {
        const leaseMs = (timeoutSeconds || defaultQuiesceSeconds) * 1000;
        if (leaseMs > freezeLeaseMs.max)
          throw new OperationError('INVALID_ARGUMENT', `timeout_seconds must be at most ${freezeLeaseMs.max / 1000}.`);
        const report = await agent.call(
          FilesystemServiceLite.freeze,
          { id: crypto.randomUUID(), mountPoints, leaseMs, skipHooks: !runPreFreezeScripts },
          { signal },
        );
        return { success: true, frozen: frozenFilesystems(report), quiesceToken: report.id };
      }),
    thawFilesystems: ({ vmId, quiesceToken }, { signal }) =>
      guests.with(vmId, signal, async (agent) => {
        const report = await agent.call(FilesystemServiceLite.thaw, { id: quiesceToken }, { signal });
        return {
          success: true,
          thawedMountPoints: frozenMountPoints(report),
          frozenDurationMs: BigInt(report.frozenMs ?? 0),
        };
      }),
    syncTime: ({ vmId }, { signal }) =>
      guests.with(vmId, signal, async () => {
        const { offsetNs, source } = await node.vms.find(vmId).syncClock(undefined, { signal });
        return { success: true, offsetSeconds: Number(offsetNs / 1000n) / 1e6, timeSource: source };
      }),
  };
}
