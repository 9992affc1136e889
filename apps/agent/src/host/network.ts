import type { InterfaceCounters, NetworkPort } from '@innkeeper/agent-core';
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
    counters: () => {
      const rows = host.interfaceCounters();
      const found = new Map<string, InterfaceCounters>();
      for (let at = 0; at + 8 < rows.length; at += 9) {
        const counter = (column: number): bigint => rows[at + column] as bigint;
        found.set(rows[at] as string, {
          rxBytes: counter(1),
          rxPackets: counter(2),
          rxErrors: counter(3),
          rxDropped: counter(4),
          txBytes: counter(5),
          txPackets: counter(6),
          txErrors: counter(7),
          txDropped: counter(8),
        });
      }
      return found;
    },
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
