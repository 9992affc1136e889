import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { guestHostAddress } from '@innkeeper/hypervisor';

/**
 * A way into the daemon: the unix socket, a TCP port, a door that only control planes of this node can open, or the port
 * that guests reach, which has the few routes that are made for them.
 */
export interface Entrance {
  readonly kind: 'unix' | 'tcp' | 'control' | 'guest';
  readonly isSecure: boolean;
  /** Names and addresses that calls may give as their host; undefined: any, where no browser comes in. */
  readonly hosts: HostRule | undefined;
}

interface HostRule {
  /** Only this machine can reach it. */
  readonly isLoopback: boolean;
  /** Further names, in lower case. */
  readonly names: readonly string[];
}

export const unixEntrance: Entrance = { kind: 'unix', isSecure: false, hosts: undefined };
export const controlEntrance: Entrance = { kind: 'control', isSecure: true, hosts: undefined };
export const guestEntrance: Entrance = {
  kind: 'guest',
  isSecure: false,
  hosts: { isLoopback: true, names: [guestHostAddress] },
};

/**
 * Whether a call may name this host. A page elsewhere whose name was made to lead here names its own ("DNS rebinding");
 * an address as such can be nobody's trick.
 */
export function isHostAllowed({ hosts }: Entrance, host: string | undefined): boolean {
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
