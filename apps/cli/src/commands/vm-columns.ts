import type { Vm } from '@innkeeper/contract/control';
import { formatBytes, formatDuration, formatPercent } from '../output/format.ts';
import { fullestMount } from '../output/fullest-mount.ts';
import { agentStateLabel, vmStateLabel } from '../output/state-labels.ts';
import type { Column } from '../output/table.ts';

/** Columns for lists of VMs. CPU, memory, disk and uptime are what the agent reports. */
export const vmColumns: readonly Column<Vm>[] = [
  { title: 'NAME', value: (vm) => vm.name },
  { title: 'STATE', value: (vm) => vmStateLabel(vm) },
  { title: 'AGENT', value: (vm) => (vm.agent?.outdated ? 'outdated' : agentStateLabel(vm.agent?.state ?? 0)) },
  { title: 'ADDRESS', value: (vm) => vm.telemetry?.primaryAddresses[0]?.address ?? '' },
  { title: 'CPU', align: 'right', value: (vm) => formatPercent(vm.telemetry?.cpu?.busyPercent) },
  { title: 'MEMORY', align: 'right', value: (vm) => memory(vm) },
  { title: 'DISK', align: 'right', value: (vm) => formatPercent(fullestMount(vm)?.percent) },
  {
    title: 'UPTIME',
    align: 'right',
    value: (vm) =>
      formatDuration(vm.telemetry?.uptimeSeconds === undefined ? undefined : Number(vm.telemetry.uptimeSeconds)),
  },
  { title: 'IMAGE', value: (vm) => vm.image },
  { title: 'CPUS', align: 'right', wide: true, value: (vm) => (vm.cpus === 0 ? '–' : `${vm.cpus}`) },
  { title: 'RUNS ON', wide: true, value: (vm) => (vm.driver === 'adopted' ? 'adopted' : vm.accelerator) },
  { title: 'AUTOSTART', wide: true, value: (vm) => (vm.autostart ? 'on' : 'off') },
  { title: 'OS', wide: true, value: (vm) => vm.system?.osPrettyName ?? '' },
  { title: 'AGENT VERSION', wide: true, value: (vm) => vm.agent?.version ?? '' },
  { title: 'ID', wide: true, value: (vm) => vm.id },
  {
    title: 'TAGS',
    wide: true,
    value: (vm) =>
      Object.entries(vm.tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
  },
];

function memory(vm: Vm): string {
  const used = vm.telemetry?.memory?.usedBytes;
  return used === undefined ? '–' : `${formatBytes(used)} / ${formatBytes(vm.telemetry?.memory?.totalBytes)}`;
}
