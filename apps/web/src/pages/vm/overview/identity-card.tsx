import { clockOffText, type Vm } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Card } from '../../../components/card.tsx';
import { CopyButton } from '../../../components/copy-button.tsx';
import { Fields } from '../../../components/fields.tsx';
import { ReportAge } from '../../../components/report-age.tsx';
import { TagList } from '../../../components/tag-list.tsx';
import { TimeAgo } from '../../../components/time-ago.tsx';
import { Unknown } from '../../../components/unknown.tsx';
import { unknownReason } from '../../../components/unknown-reason.ts';
import { formatBytes } from '../../../format/format-bytes.ts';
import { AutostartSwitch } from './autostart-switch.tsx';

/** The VM's identity: its settings, and what the guest reports. */
export function IdentityCard({ vm }: { readonly vm: Vm }): JSX.Element {
  const { system, telemetry, agent } = vm;
  const isAdopted = vm.driver === 'adopted';
  const unknown = <Unknown reason={unknownReason(agent)} />;
  const clockOff = clockOffText(vm);
  const addresses = telemetry?.primaryAddresses ?? [];
  return (
    <Card title="Identity" aside={<ReportAge vm={vm} />}>
      <Fields
        entries={{
          Address:
            addresses.length === 0 ? (
              unknown
            ) : (
              <span>
                {addresses.map(({ address, interface: name, reason }) => (
                  <span key={address} className="row">
                    <span className="mono" data-hint={`${reason} (${name})`}>
                      {address}
                    </span>
                    <CopyButton text={address} label={`Copy ${address}`} />
                  </span>
                ))}
              </span>
            ),
          'Host name': system === undefined ? unknown : system.hostname,
          System: system === undefined ? unknown : system.osPrettyName || system.osId,
          Clock: clockOff === '' ? undefined : <span className="badge warn">{clockOff}</span>,
          Kernel: system === undefined ? unknown : `${system.kernelRelease} ${system.architecture}`,
          Init: system?.initSystem || undefined,
          Image: vm.image === '' ? undefined : vm.image,
          Size: isAdopted
            ? undefined
            : `${vm.cpus} CPU, ${formatBytes(vm.memoryBytes)} memory, ${formatBytes(vm.diskBytes)} disk`,
          'Runs on': isAdopted
            ? `somebody else’s host; adopted by its agent at ${vm.agent?.address}`
            : vm.accelerator === ''
              ? vm.driver
              : `${vm.driver}, ${vm.accelerator}`,
          Created: vm.createdUnixNs === undefined ? undefined : <TimeAgo unixNs={vm.createdUnixNs} />,
          Started: vm.startedUnixNs === undefined ? undefined : <TimeAgo unixNs={vm.startedUnixNs} />,
          Autostart: isAdopted ? undefined : <AutostartSwitch vm={vm} />,
          Tags: Object.keys(vm.tags).length === 0 ? <span className="dim">none</span> : <TagList tags={vm.tags} all />,
          Id: (
            <span className="row">
              <code>{vm.id}</code>
              <CopyButton text={vm.id} label="Copy the id" />
            </span>
          ),
        }}
      />
    </Card>
  );
}
