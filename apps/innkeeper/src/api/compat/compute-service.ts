import type { ServiceImpl } from '@connectrpc/connect';
import type { VMService } from '@innkeeper/contract/compute';
import type { NodeApi } from '../../ports/node-api.ts';
import { GuestAnswers } from './guest-answers.ts';

/** The guest methods of limiquantix.compute.v1.VMService over Innkeeper's agents. */
export function createComputeService(node: NodeApi): ServiceImpl<typeof VMService> {
  const guests = new GuestAnswers(node);
  return {
    pingAgent: ({ vmId }, { signal }) => guests.ping(vmId, signal),
    executeScript: (request, { signal }) => guests.execute(request, signal),
    readGuestFile: (request, { signal }) => guests.read(request, signal),
    writeGuestFile: (request, { signal }) => guests.write(request, signal),
    guestShutdown: (request, { signal }) => guests.shutDown(request, signal),
  };
}
