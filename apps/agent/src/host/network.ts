import type { NetworkPort } from '@innkeeper/agent-core';
import * as host from 'host';

export function createNetwork(): NetworkPort {
  return {
    addresses: () =>
      host.interfaceAddresses().map((row) => ({
        interface: row.interface,
        family: row.family === 4 ? 'ipv4' : 'ipv6',
        address: row.address,
        prefixLength: row.prefixLength,
        scopeId: row.scopeId === 0 ? undefined : row.scopeId,
      })),
    watch: (callback) => {
      const fd = host.openRouteEvents();
      const slot = host.watch(fd, 1, () => {
        host.drain(fd);
        callback();
      });
      return () => {
        host.unwatch(slot);
        host.close(fd);
      };
    },
  };
}
