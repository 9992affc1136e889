import type { HostUsage } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Link } from 'react-router';
import { Card } from '../../components/card.tsx';
import { Meter } from '../../components/meter.tsx';
import { PercentBar } from '../../components/percent-bar.tsx';
import { formatBytes } from '../../format/format-bytes.ts';
import { hostShares } from './host-shares.ts';

/** What the host has, uses, and has assigned to running VMs. */
export function HostCard({ usage }: { readonly usage: HostUsage }): JSX.Element {
  const { cpus, cpuModel, load, runningVms, assignedCpus, assignedMemoryBytes } = usage;
  const { cpuPercent, memoryPercent, memoryText, diskPercent, diskText } = hostShares(usage);
  return (
    <Card title="Host">
      <div className="meters">
        <Meter label="CPU" detail={`${cpus} × ${cpuModel}`}>
          <PercentBar label="CPU" percent={cpuPercent} reason="It is measured between two answers; wait 5 seconds." />
        </Meter>
        <Meter label="Memory" detail={memoryText}>
          <PercentBar label="Memory" percent={memoryPercent} reason="The kernel does not report it." />
        </Meter>
        <Meter label="Disk of the data folder" detail={diskText}>
          <PercentBar label="Disk" percent={diskPercent} reason="The file system does not report it." />
        </Meter>
      </div>
      <dl className="usage-figures">
        <div>
          <dt data-hint="Over 1, 5 and 15 minutes">Load</dt>
          <dd className="number">{load.map((each) => each.toFixed(2)).join('  ')}</dd>
        </div>
        <div>
          <dt>Running VMs</dt>
          <dd className="number">
            <Link to={`/vms?filter=${encodeURIComponent('state:running')}`}>{runningVms}</Link>
          </dd>
        </div>
        <div>
          <dt data-hint="The sum over all running VMs">Assigned to them</dt>
          <dd className="number">
            {assignedCpus} CPUs, {formatBytes(assignedMemoryBytes)}
          </dd>
        </div>
      </dl>
    </Card>
  );
}
