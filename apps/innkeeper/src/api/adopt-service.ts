import type { ServiceImpl } from '@connectrpc/connect';
import type { AdoptService } from '@innkeeper/contract/control';
import type { NodeApi } from '../ports/node-api.ts';

/** AdoptService over a node. */
export function createAdoptService({ vms }: NodeApi): ServiceImpl<typeof AdoptService> {
  return {
    adoptVm: (request) => vms.adopt(request),
    findLibvirtDomains: async ({ uri }) => ({ domains: await vms.libvirtDomains(uri) }),
    connectProxmox: async (request) => ({ vms: await vms.connectProxmox(request) }),
    releaseVm: async (request) => {
      await vms.find(request.vm).release();
      return {};
    },
  };
}
