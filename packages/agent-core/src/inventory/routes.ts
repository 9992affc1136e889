import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';

export interface RouteInit {
  readonly destination: string;
  readonly gateway: string;
  readonly interface: string;
  readonly metric: number;
  readonly flags: number;
  readonly references: number;
  readonly uses: number;
  readonly mtu?: number;
  readonly window?: number;
  readonly irtt?: number;
  readonly source?: string;
}

const maxTextBytes = 256 * 1024;
const up = 0x1;
const gatewayFlag = 0x2;
const reject = 0x200;
/** RTF_LOCAL: an address of the guest itself. */
const local = 0x8000_0000;

/** The routes of the main table, IPv4 first; with `all` also those that do not lead anywhere. */
export function readRoutes(host: Host, all = false): RouteInit[] {
  return [...readIpv4(host, all), ...readIpv6(host, all)];
}

function readIpv4(host: Host, all: boolean): RouteInit[] {
  const rows = rowsOf(host, '/proc/net/route').slice(1);
  return rows.flatMap((row) => {
    const [name = '', to = '', gateway = '', flags = '', references, uses, metric, mask = '', mtu, window, irtt] = row;
    const bits = uint32(Number.parseInt(flags, 16));
    if (!all && (!(bits & up) || bits & reject)) return [];
    return [
      {
        destination: `${ipv4(to)}/${prefixLength(mask)}`,
        gateway: bits & gatewayFlag ? ipv4(gateway) : '',
        interface: name,
        metric: uint32(Number(metric)),
        flags: bits,
        references: uint32(Number(references)),
        uses: uint32(Number(uses)),
        mtu: uint32(Number(mtu)),
        window: uint32(Number(window)),
        irtt: uint32(Number(irtt)),
      },
    ];
  });
}

function readIpv6(host: Host, all: boolean): RouteInit[] {
  return rowsOf(host, '/proc/net/ipv6_route').flatMap((row) => {
    const [to = '', length = '', from = '', fromLength = '', gateway = '', metric = '', references = ''] = row;
    const [, , , , , , , uses = '', flags = '', name = ''] = row;
    const bits = uint32(Number.parseInt(flags, 16));
    // Every interface has a route for multicast.
    const isUseful = bits & up && !(bits & reject) && bits < local && name !== 'lo' && !to.startsWith('ff');
    if (!all && !isUseful) return [];
    return [
      {
        destination: `${ipv6(to)}/${Number.parseInt(length, 16)}`,
        gateway: bits & gatewayFlag ? ipv6(gateway) : '',
        interface: name,
        metric: uint32(Number.parseInt(metric, 16)),
        flags: bits,
        references: uint32(Number.parseInt(references, 16)),
        uses: uint32(Number.parseInt(uses, 16)),
        source: `${ipv6(from)}/${Number.parseInt(fromLength, 16)}`,
      },
    ];
  });
}

function rowsOf(host: Host, path: string): string[][] {
  const text = readTrimmed(host, path, maxTextBytes) ?? '';
  return text === '' ? [] : text.split('\n').map((line) => line.trim().split(/\s+/));
}

/** 0 for what is not 32 bits. */
function uint32(value: number): number {
  return Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff ? value : 0;
}

/** Little-endian, as both architectures write it. */
function ipv4(hex: string): string {
  return (hex.match(/../g) ?? [])
    .map((byte) => Number.parseInt(byte, 16))
    .reverse()
    .join('.');
}

function prefixLength(mask: string): number {
  let bits = 0;
  for (let rest = Number.parseInt(mask, 16); rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits;
}

/** As RFC 5952 writes it. */
function ipv6(hex: string): string {
  const text = (hex.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16).toString(16)).join(':');
  const [run] = [...text.matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  if (run === undefined) return text;
  return `${text.slice(0, run.index).replace(/:$/, '')}::${text.slice(run.index + run[0].length).replace(/^:/, '')}`;
}
