import type { Telemetry } from '@innkeeper/contract/agent';
import type { Probe } from '@innkeeper/hypervisor';
import { mib } from '@innkeeper/kit';
import type { VmRunner } from '../node/vm-runner.ts';

/** What the guest of a VM says of itself, and what to try next. */
export function helloReport(runner: VmRunner, probe: Probe, elapsedMs: number): string {
  const { agent, running } = runner;
  const { system, telemetry, welcome } = agent;
  const accelerator = running?.record.accelerator ?? probe.accelerator;
  const why = accelerator === 'kvm' ? '' : ` (not KVM: ${probe.acceleratorReason || 'not asked for'})`;
  const rows: readonly (readonly [string, string])[] = [
    ['system', printable(system?.osPrettyName ?? 'unknown')],
    ['kernel', printable(`${system?.kernelRelease ?? 'unknown'} ${system?.architecture ?? ''}`)],
    ['CPUs', `${telemetry?.cpu?.count ?? 'unknown'}${percent(telemetry?.cpu?.busyPercent)}`],
    ['memory', memory(telemetry)],
    ['mounts', mounts(telemetry)],
    ['address', address(telemetry)],
    ['agent', printable(welcome?.agentVersion ?? 'unknown')],
    ['runs on', `${accelerator}${why}`],
    ['took', `${(elapsedMs / 1000).toFixed(1)} s`],
  ];
  return `
The VM "hello" is up, and this is what its guest reports:

${rows.map(([label, value]) => `  ${label.padEnd(8)} ${value}`).join('\n')}

Try in another terminal:

  inn top                           every VM, live
  inn exec hello -- uname -a        run a command in the guest
  inn cp README.md hello:/root/     copy a file into it
  inn doctor hello                  what to look at when something does not answer

^C stops the daemon and leaves VMs running; "inn stop hello" stops this one.
`;
}

function percent(value: number | undefined): string {
  return value === undefined ? '' : `, ${value.toFixed(1)} % busy`;
}

function memory(telemetry: Telemetry | undefined): string {
  const { usedBytes, totalBytes } = telemetry?.memory ?? {};
  return `${mebibytes(usedBytes)} used of ${mebibytes(totalBytes)}`;
}

function mounts(telemetry: Telemetry | undefined): string {
  const shown = (telemetry?.mounts ?? []).slice(0, 4).map((mount) => {
    const { usedBytes, totalBytes } = mount;
    return `${printable(mount.mountPoint)} (${printable(mount.filesystem)}, ${mebibytes(usedBytes)} of ${mebibytes(totalBytes)})`;
  });
  return shown.length === 0 ? 'none' : shown.join(', ');
}

function address(telemetry: Telemetry | undefined): string {
  const first = telemetry?.primaryAddresses[0];
  return first === undefined ? 'none' : printable(`${first.address} on ${first.interface}`);
}

function mebibytes(bytes: bigint | undefined): string {
  return bytes === undefined ? 'unknown' : `${Math.round(Number(bytes) / mib)} MiB`;
}

/** What a guest says goes to a terminal only without control characters, and no longer than a line. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '').slice(0, 120);
}
