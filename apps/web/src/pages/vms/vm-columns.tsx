import { AgentState, type Vm, vmFigures } from '@innkeeper/contract/control';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { CopyButton } from '../../components/copy-button.tsx';
import { PercentBar } from '../../components/percent-bar.tsx';
import { TagList } from '../../components/tag-list.tsx';
import { Unknown } from '../../components/unknown.tsx';
import { unknownReason } from '../../components/unknown-reason.ts';
import { AgentBadge, VmStateBadge } from '../../components/vm-badges.tsx';
import { vmPath } from '../../components/vm-path.ts';
import { formatBytes } from '../../format/format-bytes.ts';
import { formatDuration } from '../../format/format-duration.ts';

export interface CellContext {
  /** Version of the daemon's agent. */
  readonly newestAgent: string;
}

export interface VmColumn {
  readonly key: string;
  readonly label: string;
  /** A CSS grid track size. */
  readonly width: string;
  /** Sort key of ListVms; absent: not sortable. */
  readonly sort?: string;
  /** Sort in descending order first, for figures. */
  readonly descendingFirst?: boolean;
  /** Shown by default, or only when chosen. */
  readonly byDefault: boolean;
  /** Shown on a narrow screen too. */
  readonly narrow?: boolean;
  readonly cell: (vm: Vm, context: CellContext) => ReactNode;
}

/** The columns of the VM list, in order. */
export const vmColumns: readonly VmColumn[] = [
  {
    key: 'name',
    label: 'Name',
    width: 'minmax(110px, 1.6fr)',
    sort: 'name',
    byDefault: true,
    narrow: true,
    cell: (vm) => (
      <Link className="vm-name ellipsis" to={vmPath(vm.name)}>
        {vm.name}
      </Link>
    ),
  },
  {
    key: 'state',
    label: 'State',
    width: '92px',
    sort: 'state',
    byDefault: true,
    narrow: true,
    cell: (vm) => <VmStateBadge vm={vm} />,
  },
  {
    key: 'agent',
    label: 'Agent',
    width: 'minmax(84px, 0.8fr)',
    byDefault: true,
    cell: (vm, { newestAgent }) => <AgentBadge vm={vm} newest={newestAgent} brief />,
  },
  {
    key: 'version',
    label: 'Agent version',
    width: '110px',
    byDefault: false,
    cell: ({ agent }) => <AgentVersion agent={agent} />,
  },
  {
    key: 'os',
    label: 'OS',
    width: 'minmax(96px, 1.2fr)',
    byDefault: true,
    cell: ({ system, agent }) =>
      system === undefined || system.osPrettyName === '' ? (
        <Unknown reason={unknownReason(agent)} />
      ) : (
        <span className="ellipsis" data-hint={`${system.osPrettyName}\n${system.kernelRelease} ${system.architecture}`}>
          {system.osPrettyName}
        </span>
      ),
  },
  {
    key: 'address',
    label: 'Address',
    width: 'minmax(124px, 1fr)',
    byDefault: true,
    cell: (vm) => <Address vm={vm} />,
  },
  {
    key: 'cpu',
    label: 'CPU',
    width: 'minmax(88px, 0.8fr)',
    sort: 'cpu',
    descendingFirst: true,
    byDefault: true,
    narrow: true,
    cell: (vm) => (
      <PercentBar
        label="CPU"
        percent={vmFigures(vm).cpuPercent}
        reason={unknownReason(vm.agent)}
        hint="Reported by the agent"
      />
    ),
  },
  {
    key: 'memory',
    label: 'Memory',
    width: 'minmax(88px, 0.8fr)',
    sort: 'memory',
    descendingFirst: true,
    byDefault: true,
    narrow: true,
    cell: (vm) => <Memory vm={vm} />,
  },
  {
    key: 'disk',
    label: 'Fullest disk',
    width: 'minmax(88px, 0.8fr)',
    sort: 'disk',
    descendingFirst: true,
    byDefault: true,
    cell: (vm) => {
      const { diskPercent, fullestMount } = vmFigures(vm);
      return <PercentBar label="Disk" percent={diskPercent} reason={unknownReason(vm.agent)} hint={fullestMount} />;
    },
  },
  {
    key: 'uptime',
    label: 'Uptime',
    width: '84px',
    sort: 'uptime',
    descendingFirst: true,
    byDefault: true,
    cell: (vm) => {
      const { uptimeSeconds } = vmFigures(vm);
      return uptimeSeconds === undefined ? (
        <Unknown reason={unknownReason(vm.agent)} />
      ) : (
        <span className="number">{formatDuration(uptimeSeconds)}</span>
      );
    },
  },
  {
    key: 'tags',
    label: 'Tags',
    width: 'minmax(84px, 1fr)',
    byDefault: true,
    cell: ({ tags }) => <TagList tags={tags} />,
  },
  {
    key: 'image',
    label: 'Image',
    width: '110px',
    byDefault: false,
    cell: ({ image }) => <span className="ellipsis">{image}</span>,
  },
  {
    key: 'cpus',
    label: 'CPUs',
    width: '60px',
    byDefault: false,
    cell: ({ cpus }) => <span className="number">{cpus}</span>,
  },
  {
    key: 'size',
    label: 'Memory size',
    width: '100px',
    byDefault: false,
    cell: ({ memoryBytes }) => <span className="number">{formatBytes(memoryBytes)}</span>,
  },
];

function AgentVersion({ agent }: Pick<Vm, 'agent'>): ReactNode {
  const version = agent?.version ?? '';
  return version === '' ? <Unknown reason={unknownReason(agent)} /> : <span className="number">{version}</span>;
}

function Address({ vm }: { readonly vm: Vm }): ReactNode {
  const [address, ...others] = vm.agent?.state === AgentState.CONNECTED ? (vm.telemetry?.primaryAddresses ?? []) : [];
  if (address === undefined) return <Unknown reason={addressReason(vm)} />;
  const hint = [address, ...others].map((each) => `${each.address} on ${each.interface}: ${each.reason}`).join('\n');
  return (
    <span className="vm-address">
      <span className="ellipsis mono" data-hint={hint}>
        {address.address}
      </span>
      <CopyButton text={address.address} label="Copy the address" />
    </span>
  );
}

function addressReason({ agent, telemetry }: Vm): string {
  return agent?.state === AgentState.CONNECTED && telemetry !== undefined
    ? 'The guest has no address except loopback.'
    : unknownReason(agent);
}

function Memory({ vm }: { readonly vm: Vm }): ReactNode {
  const { usedBytes, totalBytes } = vm.telemetry?.memory ?? {};
  const hint =
    usedBytes === undefined || totalBytes === undefined
      ? undefined
      : `${formatBytes(usedBytes)} of ${formatBytes(totalBytes)}, reported by the agent`;
  return (
    <PercentBar label="Memory" percent={vmFigures(vm).memoryPercent} reason={unknownReason(vm.agent)} hint={hint} />
  );
}
