import { InterfaceKind } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import type { Host, NetworkLink } from '../host.ts';
import { interfaceKind } from '../telemetry/interface-kind.ts';
import { dumpRoutes, isDefault } from './kernel-network.ts';

/** What can stand in every configuration file and command as it is. */
const plainName = /^[A-Za-z0-9][\w.-]{0,14}$/;

/** The interface with this name; without one that of the default route, or the only network card. @throws OperationError INTERFACE_NOT_FOUND */
export function findLink(host: Host, name: string): NetworkLink {
  const found = name === '' ? usualLink(host) : host.network.links().find((link) => link.name === name);
  if (found === undefined || found.flags & 0x8 || !plainName.test(found.name))
    throw new OperationError(
      'INTERFACE_NOT_FOUND',
      name === ''
        ? 'No interface is named, and which one is meant is not clear.'
        : `There is no interface "${name.slice(0, 64)}" to configure.`,
    );
  return found;
}

/** Undefined: not clear. */
export function usualLink(host: Host): NetworkLink | undefined {
  const links = host.network.links();
  const byRoute = dumpRoutes(host)
    .filter(isDefault)
    .sort((a, b) => a.family - b.family || a.metric - b.metric)[0];
  const cards = links.filter(({ kind, flags }) => interfaceKind(kind, flags) === InterfaceKind.PHYSICAL);
  return links.find(({ index }) => index === byRoute?.link) ?? (cards.length === 1 ? cards[0] : undefined);
}
