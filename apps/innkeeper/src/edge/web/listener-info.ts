import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { guestHostAddress } from '@innkeeper/hypervisor';

/**
 * A listener of the daemon: the unix socket, a TCP port, the one for control planes of this node, or the port for guests,
 * which has only a few routes.
 */
export interface ListenerInfo {
  readonly kind: 'unix' | 'tcp' | 'control' | 'guest';
  readonly isSecure: boolean;
  /** Accepted names and addresses in the Host header; undefined: any, since browsers cannot connect. */
  readonly hosts: HostRule | undefined;
  /** Below this name, every port of a guest has an origin of its own. */
  readonly portsDomain?: PortsDomain | undefined;
}

/** Where ports of guests have names, such as `3000--web.ports.example.com`. */
export interface PortsDomain {
  /** In lower case. */
  readonly name: string;
  /** As browsers see it; undefined: as the console's. */
  readonly scheme: 'http' | 'https' | undefined;
  /** Such as ":8443", or empty; undefined: as the console's. */
  readonly port: string | undefined;
}

interface HostRule {
  /** Whether only this machine can reach it. */
  readonly isLoopback: boolean;
  /** Additional names, in lower case. */
  readonly names: readonly string[];
}

export const unixListener: ListenerInfo = { kind: 'unix', isSecure: false, hosts: undefined };
export const controlListener: ListenerInfo = { kind: 'control', isSecure: true, hosts: undefined };
export const guestListener: ListenerInfo = {
  kind: 'guest',
  isSecure: false,
  hosts: { isLoopback: true, names: [guestHostAddress] },
};

/**
 * Whether a Host header is accepted. A page of another site whose name resolves to this daemon ("DNS rebinding") sends its
 * own name; an address cannot be such an attack.
 */
export function isHostAllowed({ hosts }: ListenerInfo, host: string | undefined): boolean {
  if (hosts === undefined) return true;
  const name = hostName(host);
  if (name === undefined) return false;
  if (name === 'localhost' || hosts.names.includes(name)) return true;
  if (isIP(name) === 0) return !hosts.isLoopback && name === hostname().toLowerCase();
  return !hosts.isLoopback || isLoopbackAddress(name);
}

/** 127.0.0.0/8 and ::1. */
export function isLoopbackAddress(address: string): boolean {
  return isIP(address) === 4 ? address.startsWith('127.') : address === '::1';
}

/** The host of "NAME:PORT" in lower case, without the brackets of IPv6. */
function hostName(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/.exec((host ?? '').toLowerCase());
  return match?.[1] ?? match?.[2];
}
