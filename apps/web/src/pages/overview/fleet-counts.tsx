import type { Fleet } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Link } from 'react-router';

interface Count {
  readonly label: string;
  readonly value: number;
  readonly filter: string;
  readonly tone: 'plain' | 'ok' | 'warn' | 'bad';
  readonly hint: string;
}

/** Counts of VMs, each a link to the VMs counted. */
export function FleetCounts({ fleet }: { readonly fleet: Fleet }): JSX.Element {
  const { vms, running, connected, outdated, silent } = fleet;
  const counts: readonly Count[] = [
    { label: 'VMs', value: vms, filter: '', tone: 'plain', hint: 'All VMs that you can see' },
    { label: 'Running', value: running, filter: 'state:running', tone: 'plain', hint: 'Running VMs' },
    {
      label: 'Agents connected',
      value: connected,
      filter: 'agent:connected',
      tone: connected > 0 ? 'ok' : 'plain',
      hint: 'VMs with a connected agent',
    },
    {
      label: 'Outdated agents',
      value: outdated,
      filter: 'agent:outdated',
      tone: outdated > 0 ? 'warn' : 'plain',
      hint: 'VMs with an agent older than the daemon’s',
    },
    {
      label: 'Not reporting',
      value: silent,
      filter: 'agent:silent',
      tone: silent > 0 ? 'bad' : 'plain',
      hint: 'Running VMs whose agent does not report',
    },
  ];
  return (
    <ul className="fleet-counts">
      {counts.map(({ label, value, filter, tone, hint }) => (
        <li key={label}>
          <Link
            className={`card fleet-count ${tone}`}
            data-hint={hint}
            to={filter === '' ? '/vms' : `/vms?filter=${encodeURIComponent(filter)}`}
          >
            <span className="fleet-count-value number">{value.toLocaleString()}</span>
            <span className="dim">{label}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
