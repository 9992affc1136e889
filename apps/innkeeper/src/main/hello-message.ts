import type { Telemetry } from '@innkeeper/contract/agent';
import type { Probe } from '@innkeeper/hypervisor';
import { mib } from '@innkeeper/kit';
import type { VmRunner } from '../node/vm/vm-runner.ts';

/** The next steps for the user, printed after the guest's report. */
export interface NextSteps {
  /** A line about the web console; undefined without one. */
  readonly web: string | undefined;
  /** Commands that set up another shell. */
  readonly setup: readonly string[];
}

/** The guest's report of the VM `hello`, and what to try next: the last output of `npm start`. */
export function helloMessage(runner: VmRunner, probe: Probe, elapsedMs: number, next: NextSteps): string {
  const { agent, running } = runner;
  const { system, telemetry, welcome } = agent;
  const accelerator = running?.process?.accelerator ?? probe.accelerator;
  const why = accelerator === 'kvm' ? '' : ` (not KVM: ${probe.acceleratorReason || 'not asked for'})`;
  const [firstMount = 'none', ...otherMounts] = mounts(telemetry);
  const rows: readonly (readonly [string, string])[] = [
    ['system', printable(system?.osPrettyName ?? 'unknown')],
    ['kernel', printable(`${system?.kernelRelease ?? 'unknown'} ${system?.architecture ?? ''}`)],
    ['CPUs', `${telemetry?.cpu?.count ?? 'unknown'}${percent(telemetry?.cpu?.busyPercent)}`],
    ['memory', memory(telemetry)],
    ['mounts', firstMount],
    ...otherMounts.map((mount) => ['', mount] as const),
    ['address', address(telemetry)],
    ['agent', printable(welcome?.agentVersion ?? 'unknown')],
    ['runs on', `${accelerator}${why}`],
    ['took', `${(elapsedMs / 1000).toFixed(1)} s`],
  ];
  return `
The VM "hello" is up, and this is what its guest reports:

${rows.map(([label, value]) => `  ${label.padEnd(8)} ${value}`).join('\n')}

${nextStepsText(next, [
  'inn exec hello -- uname -a        run a command in the guest',
  'inn cp hello:/etc/os-release -    copy a file out of it',
  'inn top                           what every VM uses, live',
])}
^C stops the daemon and leaves VMs running; the next start finds them again.
To stop this one, run "inn stop hello" before.
`;
}

/** The message when the VM `hello` failed to start: why, and where to look. */
export function helloFailure(why: string, next: NextSteps): string {
  return `
The VM "hello" did not come up: ${why}
The daemon is running anyway.

${nextStepsText(next, [
  'inn op ls                         what was tried, and how it ended',
  'inn doctor hello                  why its agent does not answer',
])}
^C stops the daemon.
`;
}

/** The link, and commands for another terminal after those that set it up. */
function nextStepsText({ web, setup }: NextSteps, commands: readonly string[]): string {
  const lines = [...setup, ...commands].map((line) => `  ${line}\n`).join('');
  return `${web === undefined ? '' : `${web}\n\n`}Try in another terminal:\n\n${lines}`;
}

function percent(value: number | undefined): string {
  return value === undefined ? '' : `, ${value.toFixed(1)} % busy`;
}

function memory(telemetry: Telemetry | undefined): string {
  const { usedBytes, totalBytes } = telemetry?.memory ?? {};
  return `${mebibytes(usedBytes)} used of ${mebibytes(totalBytes)}`;
}

function mounts(telemetry: Telemetry | undefined): readonly string[] {
  return (telemetry?.mounts ?? []).slice(0, 4).map((mount) => {
    const { usedBytes, totalBytes } = mount;
    return `${printable(mount.mountPoint)} (${printable(mount.filesystem)}, ${mebibytes(usedBytes)} of ${mebibytes(totalBytes)})`;
  });
}

function address(telemetry: Telemetry | undefined): string {
  const first = telemetry?.primaryAddresses[0];
  return first === undefined ? 'none' : printable(`${first.address} on ${first.interface}`);
}

function mebibytes(bytes: bigint | undefined): string {
  return bytes === undefined ? 'unknown' : `${Math.round(Number(bytes) / mib)} MiB`;
}

/** Text from a guest without control characters, cut to a line, safe for a terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '').slice(0, 120);
}
