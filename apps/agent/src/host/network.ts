import type { LinkAddress, LinkCounters, NetworkLink, NetworkPort } from '@innkeeper/agent-core';
import * as host from 'host';
import { connect } from './connection.ts';
import { watchOrClose } from './watch-or-close.ts';

const linkColumns = 16;
const addressColumns = 3;

export function createNetwork(): NetworkPort {
  return {
    connect,
    links: () => {
      const rows = host.networkLinks();
      const links: NetworkLink[] = [];
      for (let at = 0; at + linkColumns <= rows.length; at += linkColumns)
        links.push({
          index: rows[at] as number,
          name: rows[at + 1] as string,
          kind: rows[at + 2] as string,
          macAddress: rows[at + 3] as string,
          flags: rows[at + 4] as number,
          operState: rows[at + 5] as number,
          mtu: rows[at + 6] as number,
          masterIndex: rows[at + 7] as number,
          counters: countersAt(rows, at + 8),
        });
      return links;
    },
    addresses: () => {
      const rows = host.networkAddresses();
      const addresses: LinkAddress[] = [];
      for (let at = 0; at + addressColumns <= rows.length; at += addressColumns)
        addresses.push({
          linkIndex: rows[at] as number,
          address: rows[at + 1] as string,
          prefixLength: rows[at + 2] as number,
        });
      return addresses;
    },
    routeTo: (address) => {
      const [linkIndex, source] = host.routeTo(address);
      return typeof source === 'string' && source !== '' ? { linkIndex: Number(linkIndex), source } : undefined;
    },
    request: host.routeRequest,
    watch: (callback) => {
      const fd = host.openRouteEvents();
      const slot = watchOrClose([fd], 1, () => {
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

function countersAt(rows: ReturnType<typeof host.networkLinks>, at: number): LinkCounters | undefined {
  if (rows[at] === undefined) return undefined;
  const counter = (column: number): bigint => rows[at + column] as bigint;
  return {
    rxBytes: counter(0),
    rxPackets: counter(1),
    rxErrors: counter(2),
    rxDropped: counter(3),
    txBytes: counter(4),
    txPackets: counter(5),
    txErrors: counter(6),
    txDropped: counter(7),
  };
}
