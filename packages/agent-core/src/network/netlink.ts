import { formatAddress } from './ip-address.ts';

// Types and flags of messages, rtnetlink(7).
export const RTM_SETLINK = 19;
export const RTM_NEWADDR = 20;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_GETROUTE = 26;
export const RTM_NEWNEIGH = 28;
export const RTM_GETNEIGH = 30;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
export const NLM_F_CREATE_OR_REPLACE = 0x500;

// States of an address and of a neighbour.
export const IFA_F_DADFAILED = 0x08;
export const IFA_F_TENTATIVE = 0x40;
export const IFA_F_PERMANENT = 0x80;
export const NUD_INCOMPLETE = 0x01;
export const NUD_REACHABLE = 0x02;
export const NUD_STALE = 0x04;
export const NUD_DELAY = 0x08;
export const NUD_PROBE = 0x10;
export const NUD_FAILED = 0x20;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;

export const AF_INET = 2;
export const AF_INET6 = 10;
export const RTPROT_KERNEL = 2;
const RTPROT_STATIC = 4;
export const RTPROT_RA = 9;
const RT_TABLE_MAIN = 254;
const RTN_UNICAST = 1;
const RTNH_F_ONLINK = 4;
const NTF_USE = 1;

/** An address or a route of the kernel. */
export interface KernelRow {
  readonly link: number;
  /** AF_INET or AF_INET6. */
  readonly family: number;
  /** The address or destination with its prefix: "192.0.2.5/24", "0.0.0.0/0" for a default route. */
  readonly text: string;
  /** The body of a message that adds or deletes it. */
  readonly body: Uint8Array;
}

export interface KernelAddress extends KernelRow {
  /** IFA_F_*. */
  readonly flags: number;
}

export interface KernelRoute extends KernelRow {
  /** Empty: none. */
  readonly gateway: string;
  readonly metric: number;
  /** RTPROT_*. */
  readonly protocol: number;
}

type Attribute = readonly [type: number, value: ArrayLike<number> & Iterable<number>];

/** A body: its fixed part, then attributes. */
function bodyOf(header: readonly number[], attributes: readonly Attribute[]): Uint8Array {
  const bytes = [...header];
  for (const [type, value] of attributes) {
    const size = value.length + 4;
    bytes.push(size & 255, size >> 8, type, 0, ...value);
    while (bytes.length % 4 !== 0) bytes.push(0);
  }
  return Uint8Array.from(bytes);
}

const u32 = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];

function numberAt(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = count - 1; index >= 0; index--) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}

/** The attributes after a fixed part; only some of their types if there is a list. */
function attributesOf(body: Uint8Array, headerBytes: number): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (let at = headerBytes; at + 4 <= body.length; ) {
    const size = numberAt(body, at, 2);
    if (size < 4 || at + size > body.length) break;
    // Two bits of the type are flags.
    found.set(numberAt(body, at + 2, 2) & 0x3fff, body.slice(at + 4, at + size));
    at += (size + 3) & ~3;
  }
  return found;
}

const numberOf = (value: Uint8Array | undefined): number => (value === undefined ? 0 : numberAt(value, 0, 4));

/** What the kernel needs to create the same again; its statistics are left out. */
const only = (all: Map<number, Uint8Array>, types: readonly number[]): Attribute[] =>
  [...all].filter(([type]) => types.includes(type));

/** @param body that of RTM_NEWADDR */
export function parseAddressBody(body: Uint8Array): KernelAddress {
  const found = attributesOf(body, 8);
  return {
    link: numberAt(body, 4, 4),
    family: body[0] ?? 0,
    // IFA_ADDRESS is the peer of a point-to-point link that has IFA_LOCAL.
    text: `${formatAddress(found.get(2) ?? found.get(1) ?? new Uint8Array(4))}/${body[1]}`,
    flags: numberOf(found.get(8)) || (body[2] ?? 0),
    body: bodyOf([...body.subarray(0, 8)], only(found, [1, 2, 3, 4, 6, 8, 9])),
  };
}

/** @param body that of RTM_NEWROUTE; undefined for those that are not plain routes of the main table */
export function parseRouteBody(body: Uint8Array): KernelRoute | undefined {
  const found = attributesOf(body, 12);
  const [family = 0, length = 0, , , table = 0, protocol = 0, , type] = body;
  if (type !== RTN_UNICAST || (numberOf(found.get(15)) || table) !== RT_TABLE_MAIN || !found.has(4)) return undefined;
  const gateway = found.get(5);
  // DEAD, LINKDOWN and the like are not accepted.
  const header = [...body.subarray(0, 8), ...u32(numberAt(body, 8, 4) & RTNH_F_ONLINK)];
  return {
    link: numberOf(found.get(4)),
    family,
    text: `${formatAddress(found.get(1) ?? new Uint8Array(family === AF_INET ? 4 : 16))}/${length}`,
    gateway: gateway === undefined ? '' : formatAddress(gateway),
    metric: numberOf(found.get(6)),
    protocol,
    body: bodyOf(header, only(found, [1, 4, 5, 6, 7, 8, 15, 20])),
  };
}

/** The state of a neighbour, from the body of RTM_NEWNEIGH. */
export function parseNeighbourBody(body: Uint8Array): {
  readonly link: number;
  readonly address: string;
  readonly state: number;
} {
  const address = formatAddress(attributesOf(body, 12).get(1) ?? new Uint8Array(4));
  return { link: numberAt(body, 4, 4), address, state: numberAt(body, 8, 2) };
}

const familyOf = (address: Uint8Array): number => (address.length === 4 ? AF_INET : AF_INET6);

/** For every dump. */
export function dumpBody(family: number): Uint8Array {
  // As long as the longest of the headers (of routes and neighbours): the kernel logs a warning about each byte beyond.
  return bodyOf([family, ...Array<number>(11).fill(0)], []);
}

export function addressBody(link: number, address: Uint8Array, length: number): Uint8Array {
  return bodyOf(
    [familyOf(address), length, IFA_F_PERMANENT, 0, ...u32(link)],
    [
      [2, address],
      [1, address],
    ],
  );
}

export function routeBody(
  link: number,
  route: {
    readonly destination: Uint8Array;
    readonly length: number;
    readonly gateway: Uint8Array;
    readonly metric: number;
    /** The gateway is in none of the interface's networks. */
    readonly onLink: boolean;
  },
): Uint8Array {
  const { destination, length, gateway, metric, onLink } = route;
  const header = [familyOf(gateway), length, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, 0, RTN_UNICAST];
  return bodyOf(
    [...header, ...u32(onLink ? RTNH_F_ONLINK : 0)],
    [
      ...(length > 0 ? [[1, destination] as const] : []),
      [4, u32(link)],
      [5, gateway],
      ...(metric > 0 ? [[6, u32(metric)] as const] : []),
    ],
  );
}

/** For RTM_SETLINK. `mtu` 0: unchanged. */
export function linkBody(link: number, up: boolean, mtu: number): Uint8Array {
  return bodyOf([0, 0, 0, 0, ...u32(link), ...u32(up ? 1 : 0), ...u32(1)], mtu === 0 ? [] : [[4, u32(mtu)]]);
}

/** For RTM_NEWNEIGH: `state` 0 resolves the address as a packet to it would, NUD_PROBE asks a known neighbour again. */
export function neighbourBody(link: number, address: Uint8Array, state: number): Uint8Array {
  return bodyOf([familyOf(address), 0, 0, 0, ...u32(link), state, 0, state === 0 ? NTF_USE : 0, 0], [[1, address]]);
}
