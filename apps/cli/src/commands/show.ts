import type { Mount, Telemetry } from '@innkeeper/contract/agent';
import { clockOffText, type HypervisorUsage, type Vm, VmSchema } from '@innkeeper/contract/control';
import { defineCommand } from '../define-command.ts';
import { outputOptions } from '../options.ts';
import { clean } from '../output/clean.ts';
import { formatBytes, formatDuration, formatPercent, formatTime } from '../output/format.ts';
import { printObject } from '../output/json.ts';
import { agentStateLabel, vmStateLabel } from '../output/state-labels.ts';
import { formatTable } from '../output/table.ts';

/** `inn show VM` */
export const command = defineCommand({
  arguments: '<vm>',
  options: outputOptions,
  async run({ client, options: { output } }, name) {
    const vm = await client.vms.getVm({ vm: name });
    if (output === 'json' || output === 'yaml') printObject(output, VmSchema, vm);
    else if (output === 'name') process.stdout.write(`${vm.name}\n`);
    else process.stdout.write(describe(vm));
  },
});

function describe(vm: Vm): string {
  return [
    section(vm.name, machine(vm)),
    section('agent', agent(vm)),
    guest(vm),
    section('hypervisor (on the host)', hypervisor(vm)),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** Names with their values; undefined and empty values are not shown. */
type Pairs = readonly (readonly [string, string | undefined])[];

function section(title: string, pairs: Pairs): string {
  const known = pairs.filter(([, value]) => value !== undefined && value !== '');
  if (known.length === 0) return '';
  return `${clean(title)}\n${known.map(([name, value]) => `  ${name.padEnd(12)}${clean(value ?? '')}\n`).join('')}`;
}

function machine(vm: Vm): Pairs {
  return [
    ['state', `${vmStateLabel(vm)}${vm.stateDetail === '' ? '' : `: ${vm.stateDetail}`}`],
    ['image', vm.image],
    [
      'size',
      vm.driver === 'adopted'
        ? undefined
        : `${vm.cpus} CPU${vm.cpus === 1 ? '' : 's'}, ${formatBytes(vm.memoryBytes)} memory, ${formatBytes(vm.diskBytes)} disk`,
    ],
    [
      'runs on',
      vm.driver === 'adopted'
        ? 'somebody else’s host (adopted)'
        : vm.accelerator === ''
          ? undefined
          : `${vm.driver} with ${vm.accelerator}`,
    ],
    ['started', vm.startedUnixNs === undefined ? undefined : formatTime(vm.startedUnixNs)],
    ['autostart', vm.driver === 'adopted' ? undefined : vm.autostart ? 'on' : 'off'],
    [
      'tags',
      Object.entries(vm.tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(', '),
    ],
    ['node', vm.node],
    ['id', vm.id],
  ];
}

function agent(vm: Vm): Pairs {
  const status = vm.agent;
  if (status === undefined) return [];
  return [
    ['state', agentStateLabel(status.state)],
    ['why', status.detail],
    ['next step', status.nextStep],
    ['address', status.address],
    ['version', status.outdated ? `${status.version} (outdated: inn agent update ${vm.name})` : status.version],
    ['last seen', status.lastSeenUnixNs === undefined ? undefined : formatTime(status.lastSeenUnixNs)],
    ['can', status.capabilities.join(' ')],
    ...cannot(vm),
  ];
}

/** What this guest lacks or its policy turns off, by reason. */
function cannot({ system }: Vm): Pairs {
  const missing = system?.missingCapabilities ?? [];
  return [...new Set(missing.map(({ reason }) => reason))].map((why) => {
    const names = missing.filter(({ reason }) => reason === why).map(({ name }) => name);
    return ['cannot', `${names.join(' ')} (${why})`];
  });
}

function guest(vm: Vm): string {
  const { telemetry: report, system } = vm;
  if (report === undefined) return '';
  const properties = section('guest (reported by the agent)', [
    [
      'system',
      system === undefined ? undefined : `${system.osPrettyName}, kernel ${system.kernelRelease}, ${system.initSystem}`,
    ],
    ['hostname', system?.hostname],
    ['uptime', formatDuration(report.uptimeSeconds === undefined ? undefined : Number(report.uptimeSeconds))],
    ['CPU', `${formatPercent(report.cpu?.busyPercent)} of ${report.cpu?.count ?? '–'} busy`],
    [
      'memory',
      `${formatBytes(report.memory?.usedBytes)} of ${formatBytes(report.memory?.totalBytes)} used, ${formatBytes(report.memory?.availableBytes)} available`,
    ],
    [
      'load',
      report.load === undefined
        ? undefined
        : `${report.load.oneMinute} ${report.load.fiveMinutes} ${report.load.fifteenMinutes}`,
    ],
    ['processes', report.processCount === undefined ? undefined : `${report.processCount}`],
    ['users', report.users.map((user) => user.name).join(', ')],
    ['frozen', frozenText(report)],
    ['clock', clockOffText(vm)],
    ['not shown', omissions(report)],
    ...report.primaryAddresses.map((primary) => ['address', `${primary.address} (${primary.reason})`] as const),
  ]);
  const mounts = formatTable(
    report.mounts,
    [
      { title: '  MOUNT', value: (mount) => `  ${mount.mountPoint}` },
      { title: 'TYPE', value: (mount) => mount.filesystem },
      { title: 'USED', align: 'right', value: (mount) => formatBytes(mount.usedBytes) },
      { title: 'SIZE', align: 'right', value: (mount) => formatBytes(mount.totalBytes) },
      { title: '', value: (mount) => mountNotes(mount) || ' ' },
    ],
    { headers: true },
  );
  return properties + mounts;
}

/** Only while file systems are frozen. */
function frozenText({ frozen, freezeLeaseLeftMs }: Telemetry): string | undefined {
  if (!frozen) return undefined;
  if (freezeLeaseLeftMs === undefined) return 'yes';
  return `yes; thaws by itself ${formatDuration(freezeLeaseLeftMs / 1000)} after this report`;
}

/** What the guest has more of than a report holds. */
function omissions({ mountsOmitted, interfacesOmitted, usersOmitted }: Telemetry): string {
  const counts = [
    [mountsOmitted, 'mounts (the fullest are shown)'],
    [interfacesOmitted, 'interfaces (those with addresses and most traffic are shown)'],
    [usersOmitted, 'logins (the latest are shown)'],
  ] as const;
  return counts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} more ${what}`)
    .join(', ');
}

function mountNotes({ readOnly, errorsCount = 0n, error }: Mount): string {
  const notes = [
    readOnly ? 'read-only' : '',
    errorsCount === 0n ? '' : `${errorsCount} file system error${errorsCount === 1n ? '' : 's'}: check it with fsck`,
    error,
  ];
  return notes.filter((note) => note !== '').join(', ');
}

function hypervisor(vm: Vm): Pairs {
  const usage = vm.hypervisor;
  if (usage === undefined) return [];
  return [
    ['CPU', `${formatPercent(usage.cpuPercent)} of the host`],
    ['memory', formatBytes(usage.rssBytes)],
    ['disk', diskTraffic(usage)],
    ['process', usage.pid === undefined ? undefined : `${usage.pid}`],
  ];
}

/** What the guest has moved since the process started; undefined while the hypervisor does not answer. */
function diskTraffic({ diskReadBytes, diskWrittenBytes }: HypervisorUsage): string | undefined {
  if (diskReadBytes === undefined || diskWrittenBytes === undefined) return undefined;
  return `${formatBytes(diskReadBytes)} read, ${formatBytes(diskWrittenBytes)} written`;
}
