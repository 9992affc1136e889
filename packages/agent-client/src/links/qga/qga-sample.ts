import { InterfaceKind } from '@innkeeper/contract/agent';
import { bytesOf, countOf, type Fields, numberOf, objectOf, objectsOf, present, textOf } from '../foreign/fields.ts';
import type { ForeignFacts, ForeignTelemetry } from '../foreign/foreign-agent.ts';
import { primaryAddressesOf } from '../foreign/primary-addresses.ts';
import { procFigures } from '../foreign/proc-figures.ts';
import { optional } from './qga-error.ts';
import type { QgaCall } from './qga-session.ts';

/** Files of the guest whose figures the dialect has no command for. Each is read whole, up to this size. */
const procFiles = ['/proc/stat', '/proc/meminfo', '/proc/loadavg', '/proc/uptime'] as const;
const maxProcBytes = 65_536;
/** The year 2116, beyond which a clock is not believed. */
const maxSeconds = 4.6e9;

/**
 * One report, in one exchange. What this agent has no command for is read from the guest's /proc, where it may read files;
 * what is not known is absent.
 * @param open has the handles that this exchange could not close
 */
export async function qgaSample(call: QgaCall, facts: ForeignFacts, open: Set<unknown>): Promise<ForeignTelemetry> {
  await call('guest-ping');
  const time = await optional(async () => numberOf(await call('guest-get-time')));
  const mounts = await optional(async () => objectsOf(await call('guest-get-fsinfo'), 'The list of file systems'));
  const interfaces = await optional(async () =>
    objectsOf(await call('guest-network-get-interfaces'), 'The list of interfaces'),
  );
  const users = await optional(async () => objectsOf(await call('guest-get-users'), 'The list of users'));
  const frozen = await optional(() => call('guest-fsfreeze-status'));
  const texts = new Map<string, string>();
  if (facts.capabilities.includes('file.read') && frozen !== 'frozen')
    for (const path of procFiles) {
      const text = await optional(() => readSmall(call, path, open));
      if (text !== undefined) texts.set(path, text);
    }
  const nics = (interfaces ?? []).map(interfaceOf);
  return {
    ...present({ wallTimeUnixNs: time === undefined ? undefined : nanosecondsOf(time / 1e9) }),
    ...procFigures((path) => texts.get(path)),
    mounts: (mounts ?? []).map(mountOf),
    interfaces: nics,
    users: (users ?? []).map(userOf),
    primaryAddresses: primaryAddressesOf(nics),
    frozen: frozen === 'frozen',
  };
}

async function readSmall(call: QgaCall, path: string, open: Set<unknown>): Promise<string> {
  const handle = await call('guest-file-open', { path, mode: 'r' });
  open.add(handle);
  const read = await call('guest-file-read', { handle, count: maxProcBytes });
  await call('guest-file-close', { handle });
  open.delete(handle);
  const answer = objectOf(read, 'The answer to a read');
  return Buffer.from(bytesOf(answer['buf-b64'], maxProcBytes, path)).toString('latin1');
}

function mountOf(each: Fields) {
  const used = countOf(each['used-bytes']);
  const total = countOf(each['total-bytes-privileged']) ?? countOf(each['total-bytes']);
  const usable = countOf(each['total-bytes']);
  const name = textOf(each['name']);
  return {
    mountPoint: textOf(each['mountpoint']),
    device: name === '' || name.startsWith('/') ? name : `/dev/${name}`,
    filesystem: textOf(each['type']),
    ...present({
      usedBytes: used,
      totalBytes: total,
      availableBytes: used === undefined || usable === undefined || usable < used ? undefined : usable - used,
    }),
  };
}

function interfaceOf(each: Fields) {
  const name = textOf(each['name']);
  const statistics = typeof each['statistics'] === 'object' && each['statistics'] !== null ? each['statistics'] : {};
  const figures = statistics as Fields;
  const addresses = Array.isArray(each['ip-addresses']) ? objectsOf(each['ip-addresses'], 'The addresses') : [];
  return {
    name,
    kind: name === 'lo' ? InterfaceKind.LOOPBACK : InterfaceKind.UNSPECIFIED,
    macAddress: textOf(each['hardware-address']),
    // Not said; one without an address is of no use either way.
    up: addresses.length > 0,
    addresses: addresses.map((address) => ({
      address: textOf(address['ip-address']),
      prefixLength: Number(countOf(address['prefix']) ?? 0n) % 256,
    })),
    ...present({
      rxBytes: countOf(figures['rx-bytes']),
      txBytes: countOf(figures['tx-bytes']),
      rxPackets: countOf(figures['rx-packets']),
      txPackets: countOf(figures['tx-packets']),
      rxErrors: countOf(figures['rx-errs']),
      txErrors: countOf(figures['tx-errs']),
      rxDropped: countOf(figures['rx-dropped']),
      txDropped: countOf(figures['tx-dropped']),
    }),
  };
}

/** Undefined for an impossible time. */
function nanosecondsOf(seconds: number): bigint | undefined {
  return seconds < maxSeconds ? BigInt(Math.round(seconds * 1e6)) * 1000n : undefined;
}

function userOf(each: Fields) {
  const since = numberOf(each['login-time']);
  return {
    name: textOf(each['user']),
    ...present({ sinceUnixNs: since === undefined ? undefined : nanosecondsOf(since) }),
  };
}
