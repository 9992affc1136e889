import { mountPercent, type Vm } from '@innkeeper/contract/control';

/** One value of a family, with the labels that distinguish it from others of the same VM. */
interface FamilyValue {
  readonly value: number | bigint | undefined;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A metric family of guests, as in Prometheus. A value that was not measured has no series. */
export interface GuestFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  /** Labels in addition to `vm` and `id`. */
  readonly labels: readonly string[];
  readonly of: (vm: Vm) => readonly FamilyValue[];
}

/** Limits, since a guest chooses its mounts and interfaces: their number, and the length of names. */
const maxOfOneKind = 32;
const maxLabelCharacters = 128;

type Read = (vm: Vm) => number | bigint | undefined;

function gauge(name: string, help: string, read: Read): GuestFamily {
  return { name, help, type: 'gauge', labels: [], of: (vm) => [{ value: read(vm) }] };
}

function ofMounts(name: string, help: string, read: (mount: MountOf) => number | bigint | undefined): GuestFamily {
  return {
    name,
    help,
    type: 'gauge',
    labels: ['mount', 'filesystem'],
    of: (vm) =>
      most(vm.telemetry?.mounts ?? [], (mount) => mountPercent(mount) ?? 0).map((mount) => ({
        value: read(mount),
        labels: { mount: cut(mount.mountPoint), filesystem: cut(mount.filesystem) },
      })),
  };
}

function ofInterfaces(name: string, help: string, read: (one: InterfaceOf) => bigint | undefined): GuestFamily {
  return {
    name,
    help,
    type: 'counter',
    labels: ['interface'],
    of: (vm) =>
      most(vm.telemetry?.interfaces ?? [], (one) => Number((one.rxBytes ?? 0n) + (one.txBytes ?? 0n))).map((one) => ({
        value: read(one),
        labels: { interface: cut(one.name) },
      })),
  };
}

/** The entries with the highest values, in their order, if there are too many. */
function most<T>(entries: readonly T[], figureOf: (entry: T) => number): readonly T[] {
  if (entries.length <= maxOfOneKind) return entries;
  const kept = new Set([...entries].sort((a, b) => figureOf(b) - figureOf(a)).slice(0, maxOfOneKind));
  return entries.filter((entry) => kept.has(entry));
}

/** Number of entries without a series. */
function withoutSeries(entries: readonly unknown[] | undefined, omitted: number | undefined): number | undefined {
  return entries === undefined ? undefined : Math.max(0, entries.length - maxOfOneKind) + (omitted ?? 0);
}

type Telemetry = NonNullable<Vm['telemetry']>;
type MountOf = Telemetry['mounts'][number];
type UsageOf = NonNullable<Vm['hypervisor']>;
type InterfaceOf = Telemetry['interfaces'][number];

/** A counter of the hypervisor. The label leaves room for the same figure as the guest counts it. */
function ofHypervisor(name: string, help: string, read: (usage: UsageOf) => bigint | undefined): GuestFamily {
  return {
    name,
    help,
    type: 'counter',
    labels: ['source'],
    of: ({ hypervisor }) =>
      hypervisor === undefined ? [] : [{ value: read(hypervisor), labels: { source: 'hypervisor' } }],
  };
}

/** All metric families of guests. Names end with their unit, by Prometheus' convention. */
export const guestFamilies: readonly GuestFamily[] = [
  gauge(
    'innkeeper_guest_cpu_busy_percent',
    'Busy share of all CPUs of the guest, as the guest measures it.',
    (vm) => vm.telemetry?.cpu?.busyPercent,
  ),
  gauge('innkeeper_guest_cpus', 'CPUs that the guest sees.', (vm) => vm.telemetry?.cpu?.count),
  gauge('innkeeper_guest_memory_total_bytes', 'Memory of the guest.', (vm) => vm.telemetry?.memory?.totalBytes),
  gauge('innkeeper_guest_memory_used_bytes', 'Total minus available memory.', (vm) => vm.telemetry?.memory?.usedBytes),
  gauge(
    'innkeeper_guest_memory_available_bytes',
    'Memory available to programs without swapping.',
    (vm) => vm.telemetry?.memory?.availableBytes,
  ),
  gauge('innkeeper_guest_swap_total_bytes', 'Swap of the guest.', (vm) => vm.telemetry?.memory?.swapTotalBytes),
  gauge('innkeeper_guest_swap_free_bytes', 'Free swap.', (vm) => vm.telemetry?.memory?.swapFreeBytes),
  gauge('innkeeper_guest_load1', 'Load average of one minute.', (vm) => vm.telemetry?.load?.oneMinute),
  gauge('innkeeper_guest_load5', 'Load average of five minutes.', (vm) => vm.telemetry?.load?.fiveMinutes),
  gauge('innkeeper_guest_load15', 'Load average of fifteen minutes.', (vm) => vm.telemetry?.load?.fifteenMinutes),
  gauge('innkeeper_guest_cpu_pressure_percent', 'PSI, some, 10 s.', (vm) => vm.telemetry?.cpuPressure?.someAvg10),
  gauge('innkeeper_guest_memory_pressure_percent', 'PSI, some, 10 s.', (vm) => vm.telemetry?.memoryPressure?.someAvg10),
  gauge('innkeeper_guest_io_pressure_percent', 'PSI, some, 10 s.', (vm) => vm.telemetry?.ioPressure?.someAvg10),
  gauge('innkeeper_guest_processes', 'Processes, without threads.', (vm) => vm.telemetry?.processCount),
  gauge('innkeeper_guest_uptime_seconds', 'Time since the guest booted.', (vm) => vm.telemetry?.uptimeSeconds),
  gauge('innkeeper_guest_agent_rss_bytes', 'Memory of the agent.', (vm) => vm.telemetry?.agent?.rssBytes),
  ofMounts('innkeeper_guest_mount_total_bytes', 'Size of a mounted file system.', (mount) => mount.totalBytes),
  ofMounts('innkeeper_guest_mount_used_bytes', 'Used space of a mounted file system.', (mount) => mount.usedBytes),
  ofMounts(
    'innkeeper_guest_mount_available_bytes',
    'Space available to unprivileged users.',
    (mount) => mount.availableBytes,
  ),
  ofMounts('innkeeper_guest_mount_read_only', '1 if the mount or its file system is read-only.', (mount) =>
    Number(mount.readOnly),
  ),
  ofMounts('innkeeper_guest_mount_errors', 'Errors that ext4 has recorded.', (mount) => mount.errorsCount),
  gauge('innkeeper_guest_mounts_omitted', 'Mounts without a series: the fullest 32 have one.', (vm) =>
    withoutSeries(vm.telemetry?.mounts, vm.telemetry?.mountsOmitted),
  ),
  gauge('innkeeper_guest_interfaces_omitted', 'Interfaces without a series: the 32 with most traffic have one.', (vm) =>
    withoutSeries(vm.telemetry?.interfaces, vm.telemetry?.interfacesOmitted),
  ),
  ofInterfaces('innkeeper_guest_network_receive_bytes_total', 'Bytes received by an interface.', (one) => one.rxBytes),
  ofInterfaces('innkeeper_guest_network_transmit_bytes_total', 'Bytes sent by an interface.', (one) => one.txBytes),
  gauge(
    'innkeeper_hypervisor_cpu_percent',
    'Share of all CPUs of the host that the VM’s hypervisor process used.',
    (vm) => vm.hypervisor?.cpuPercent,
  ),
  gauge('innkeeper_hypervisor_rss_bytes', 'Memory of the hypervisor process.', (vm) => vm.hypervisor?.rssBytes),
  ofHypervisor(
    'innkeeper_disk_read_bytes_total',
    'Bytes that the guest read from all its disks since its hypervisor process started.',
    (usage) => usage.diskReadBytes,
  ),
  ofHypervisor(
    'innkeeper_disk_written_bytes_total',
    'Bytes that the guest wrote to all its disks since its hypervisor process started.',
    (usage) => usage.diskWrittenBytes,
  ),
];

function cut(text: string): string {
  return text.slice(0, maxLabelCharacters);
}
