import type { MessageInitShape } from '@bufbuild/protobuf';
import type { NetworkReportSchema } from '@innkeeper/contract/agent';
import { NetworkServiceLite } from '@innkeeper/contract/agent-lite';
import { maxReportedInterfaces as most } from '@innkeeper/contract/limits';
import { type Operation, unaryOperation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { detectManager, readManagerFacts } from './detect-manager.ts';
import { usualLink } from './find-link.ts';
import { dumpAddresses, dumpRoutes } from './kernel-network.ts';
import { NetworkChanges } from './network-changes.ts';
import { readResolvers } from './plan-change.ts';

type Report = MessageInitShape<typeof NetworkReportSchema>;

export { NetworkChanges };

/** GetNetwork, SetNetwork, ConfirmNetwork and RollBackNetwork. */
export function networkOperations(host: Host, changes: NetworkChanges): Operation[] {
  const report = (): Report => networkReport(host, changes);
  return [
    unaryOperation(NetworkServiceLite.getNetwork, report),
    unaryOperation(NetworkServiceLite.setNetwork, (request) => changes.set(request).then(report)),
    unaryOperation(NetworkServiceLite.confirmNetwork, ({ id }) => changes.confirm(id).then(report)),
    unaryOperation(NetworkServiceLite.rollBackNetwork, ({ id }) => changes.rollBack(id).then(report)),
  ];
}

function networkReport(host: Host, changes: NetworkChanges): Report {
  const links = host.network
    .links()
    .filter(({ flags }) => !(flags & 0x8))
    .sort((a, b) => a.index - b.index);
  const addresses = dumpAddresses(host);
  const routes = dumpRoutes(host);
  const change = changes.current?.report();
  return {
    manager: detectManager(readManagerFacts(host, usualLink(host) ?? links[0] ?? { name: '', index: 0 })) ?? '',
    interfaces: links.slice(0, most).map(({ index, name, macAddress, flags, mtu }) => {
      const isHere = ({ link }: { readonly link: number }): boolean => link === index;
      return {
        name,
        macAddress,
        up: (flags & 1) !== 0,
        mtu,
        addresses: addresses
          .filter(isHere)
          .slice(0, most)
          .map(({ text }) => text),
        routes: routes
          .filter(isHere)
          .slice(0, most)
          .map(({ text, gateway, metric }) => ({ destination: text, gateway, metric })),
      };
    }),
    interfacesOmitted: Math.max(0, links.length - most),
    ...readResolvers(host),
    ...(change === undefined ? {} : { change }),
  };
}
