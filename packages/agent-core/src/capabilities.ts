import { methodCapabilities } from '@innkeeper/contract/agent-lite';
import type { CapabilityName } from '@innkeeper/contract/capabilities';
import { exists } from './file/exists.ts';
import type { Host } from './host.ts';
import { programPath } from './program-path.ts';
import { readTrimmed } from './telemetry/read-trimmed.ts';
import { serviceInit } from './unit/service-init.ts';

/** What this agent can do in this guest, sorted, and what it cannot, with the reason. */
export interface Capabilities {
  readonly present: readonly string[];
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

/** The capabilities that methods require, unless a check below is about them, and those not tied to a method. */
const always: readonly CapabilityName[] = [
  ...methodCapabilities,
  'exec.pty',
  'exec.resume',
  'exec.user',
  'requests.parts',
];

/** Every capability that this agent can have. */
export const optionalCapabilities: readonly CapabilityName[] = [
  ...always,
  'exec.subreaper',
  'file.openat2',
  'logs.journal',
  'telemetry.pressure',
];

interface Check {
  readonly name: CapabilityName;
  readonly has: boolean;
  readonly reason: string;
}

/**
 * Probes once: the kernel does not change while the agent runs.
 * @param denied those that the guest's policy turns off, with the reason
 */
export function capabilitiesOf(host: Host, denied: ReadonlyMap<string, string> = new Map()): Capabilities {
  const checks: readonly Check[] = [
    {
      name: 'telemetry.pressure',
      has: exists(host, '/proc/pressure/cpu'),
      reason: 'this kernel has no pressure stall information (PSI)',
    },
    {
      name: 'file.openat2',
      has: host.system.supports('openat2'),
      reason: 'this kernel is older than 5.6; paths are walked component by component',
    },
    serviceCheck(host),
    { name: 'logs.journal', has: whyNoJournal(host) === undefined, reason: whyNoJournal(host) ?? '' },
    {
      name: 'network',
      has: mayConfigureNetwork(host),
      reason: 'the agent lacks CAP_NET_ADMIN, or this kernel or sandbox has no rtnetlink',
    },
    { name: 'exec.subreaper', has: host.processes.subreaper, reason: 'the kernel refused PR_SET_CHILD_SUBREAPER' },
  ];
  const checked = new Set(checks.map(({ name }) => name));
  const possible = [
    ...always.filter((name) => !checked.has(name)),
    ...checks.filter(({ has }) => has).map(({ name }) => name),
  ].sort();
  return {
    present: possible.filter((name) => !denied.has(name)),
    missing: [
      ...checks.filter(({ has }) => !has).map(({ name, reason }) => ({ name, reason })),
      ...possible.flatMap((name) => {
        const reason = denied.get(name);
        return reason === undefined ? [] : [{ name, reason }];
      }),
    ],
  };
}

/** What a guest lacks to have a journal; undefined if it has one. */
export function whyNoJournal(host: Host): string | undefined {
  if (programPath(host, 'journalctl') === undefined) return 'this guest has no journalctl';
  // Where systemd is only installed, as on Debian 13 with OpenRC, journalctl finds nothing and succeeds.
  return exists(host, '/run/systemd/journal') ? undefined : 'systemd-journald does not run in this guest';
}

function serviceCheck(host: Host): Check {
  const found = serviceInit(host);
  return 'reason' in found
    ? { name: 'units', has: false, reason: found.reason }
    : { name: 'units', has: true, reason: '' };
}

function mayConfigureNetwork(host: Host): boolean {
  const CAP_NET_ADMIN = 12n;
  const status = readTrimmed(host, '/proc/self/status') ?? '';
  // Not a regular expression: going through the file with one took a fortieth of the agent's start.
  const at = status.indexOf('\nCapEff:');
  const end = status.indexOf('\n', at + 1);
  const effective = at < 0 ? '0' : status.slice(at + '\nCapEff:'.length, end < 0 ? undefined : end).trim();
  try {
    if (((BigInt(`0x${effective}`) >> CAP_NET_ADMIN) & 1n) === 0n) return false;
    // Opens and closes a socket; a list of the interfaces would delay the start of the agent by milliseconds.
    host.network.watch(() => undefined)();
    return true;
  } catch {
    // No rtnetlink.
    return false;
  }
}
