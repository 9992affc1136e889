import { type Vm, vmFigures } from '@innkeeper/contract/control';
import type { JSX, ReactNode } from 'react';
import { Card } from '../../../components/card.tsx';
import { Meter } from '../../../components/meter.tsx';
import { PercentBar } from '../../../components/percent-bar.tsx';
import { SourceLabel } from '../../../components/source-label.tsx';
import { TimeAgo } from '../../../components/time-ago.tsx';
import { Unknown } from '../../../components/unknown.tsx';
import { asSentence, unknownReason } from '../../../components/unknown-reason.ts';
import { formatBytes } from '../../../format/format-bytes.ts';
import { formatDuration } from '../../../format/format-duration.ts';
import { formatPercent } from '../../../format/format-percent.ts';

/** Resource usage as reported by the guest, and of its process on the host. */
export function UsageCard({ vm }: { readonly vm: Vm }): JSX.Element {
  const { telemetry, agent, hypervisor } = vm;
  const { cpuPercent, memoryPercent, diskPercent, fullestMount, uptimeSeconds } = vmFigures(vm);
  const reason = unknownReason(agent);
  const source = <SourceLabel source="agent" />;
  const { usedBytes, totalBytes } = telemetry?.memory ?? {};
  const { oneMinute, fiveMinutes, fifteenMinutes } = telemetry?.load ?? {};
  const load = [oneMinute, fiveMinutes, fifteenMinutes].map((value) => value?.toFixed(2) ?? '–').join('  ');
  const pressure = [
    ['CPU', telemetry?.cpuPressure],
    ['memory', telemetry?.memoryPressure],
    ['I/O', telemetry?.ioPressure],
  ] as const;
  return (
    <Card
      title="Usage"
      className="usage-card"
      aside={
        agent?.telemetryUnixNs !== undefined && (
          <>
            reported <TimeAgo unixNs={agent.telemetryUnixNs} />
          </>
        )
      }
    >
      <div className="meters">
        <Meter label="CPU" source={source} detail={cpusText(vm)}>
          <PercentBar label="CPU" percent={cpuPercent} reason={reason} />
        </Meter>
        <Meter
          label="Memory"
          source={source}
          detail={
            usedBytes === undefined || totalBytes === undefined
              ? ''
              : `${formatBytes(usedBytes)} of ${formatBytes(totalBytes)}`
          }
        >
          <PercentBar label="Memory" percent={memoryPercent} reason={reason} />
        </Meter>
        <Meter label="Fullest disk" source={source} detail={fullestMount ?? ''}>
          <PercentBar label="Disk" percent={diskPercent} reason={reason} />
        </Meter>
      </div>
      <dl className="usage-figures">
        <Figure label="Load" hint="Over 1, 5 and 15 minutes">
          {oneMinute === undefined ? <Unknown reason={reason} /> : load}
        </Figure>
        <Figure label="Processes">{telemetry?.processCount ?? <Unknown reason={reason} />}</Figure>
        <Figure label="Uptime">
          {uptimeSeconds === undefined ? <Unknown reason={reason} /> : formatDuration(uptimeSeconds)}
        </Figure>
        <Figure label="Pressure" hint="Share of time in which some task was waiting, averaged over 10 seconds">
          {pressure.every(([, each]) => each === undefined) ? (
            <Unknown reason={telemetry === undefined ? reason : pressureReason(vm)} />
          ) : (
            pressure
              .filter(([, each]) => each !== undefined)
              .map(([name, each]) => `${name} ${formatPercent(each?.someAvg10 ?? 0)}`)
              .join(', ')
          )}
        </Figure>
      </dl>
      <div className="usage-host">
        <SourceLabel source="hypervisor" />
        {vm.driver === 'adopted' ? (
          <span className="dim">not known: somebody else runs this VM</span>
        ) : (
          <HostFigures hypervisor={hypervisor} />
        )}
      </div>
    </Card>
  );
}

/** The number of CPUs; nothing for a VM of which it is not known. */
function cpusText({ driver, cpus }: Vm): string {
  return driver === 'adopted' ? '' : `${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}`;
}

/** Why a guest whose agent has reported has no pressure in its report. */
function pressureReason({ system }: Vm): string {
  const missing = system?.missingCapabilities.find(({ name }) => name === 'telemetry.pressure');
  return asSentence(missing?.reason ?? 'the guest’s kernel does not report pressure');
}

function HostFigures({ hypervisor }: Pick<Vm, 'hypervisor'>): JSX.Element {
  return (
    <span className="number">
      {hypervisor?.cpuPercent === undefined ? (
        <Unknown reason="The VM is not running, or was not measured twice yet." />
      ) : (
        formatPercent(hypervisor.cpuPercent)
      )}{' '}
      <span className="dim">of the host’s CPUs,</span>{' '}
      {hypervisor?.rssBytes === undefined ? (
        <Unknown reason="The VM is not running." />
      ) : (
        formatBytes(hypervisor.rssBytes)
      )}{' '}
      <span className="dim">of its memory</span>
    </span>
  );
}

function Figure({
  label,
  hint,
  children,
}: {
  readonly label: string;
  readonly hint?: string;
  readonly children: ReactNode;
}): JSX.Element {
  return (
    <div>
      <dt data-hint={hint}>{label}</dt>
      <dd className="number">{children}</dd>
    </div>
  );
}
