import { InterfaceKind } from '@innkeeper/contract/agent';
import type { Vm } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Card } from '../../../components/card.tsx';
import { DataTable } from '../../../components/data-table.tsx';
import { Omitted } from '../../../components/omitted.tsx';
import { ReportAge } from '../../../components/report-age.tsx';
import { SourceLabel } from '../../../components/source-label.tsx';
import { Unknown } from '../../../components/unknown.tsx';
import { unknownReason } from '../../../components/unknown-reason.ts';
import { Badge } from '../../../components/vm-badges.tsx';
import { formatBytes } from '../../../format/format-bytes.ts';

/** The network interfaces with addresses and traffic. */
export function InterfacesCard({ vm }: { readonly vm: Vm }): JSX.Element {
  const { telemetry, agent } = vm;
  const interfaces = telemetry?.interfaces ?? [];
  const bytes = (count: bigint | undefined): JSX.Element | string =>
    count === undefined ? <Unknown reason="The kernel has no counter for this." /> : formatBytes(count);
  return (
    <Card
      title="Interfaces"
      aside={
        <>
          <ReportAge vm={vm} /> <SourceLabel source="agent" />
        </>
      }
    >
      <DataTable
        label="Interfaces"
        rows={interfaces}
        rowKey={({ name }) => name}
        empty={telemetry === undefined ? unknownReason(agent) : 'The guest has no interfaces.'}
        columns={[
          {
            label: 'Name',
            cell: ({ name, up, kind, macAddress, mtu }) => (
              <Badge
                tone={up ? 'ok' : 'idle'}
                hint={`${up ? 'up' : 'down'}, ${kindName(kind)}\n${macAddress}${mtu === undefined ? '' : `\nMTU ${mtu}`}`}
              >
                {name}
              </Badge>
            ),
          },
          {
            label: 'Addresses',
            cell: ({ addresses }) =>
              addresses.length === 0 ? (
                <span className="dim">none</span>
              ) : (
                addresses.map(({ address, prefixLength }) => (
                  <div key={address} className="mono">
                    {address}
                    <span className="dim">/{prefixLength}</span>
                  </div>
                ))
              ),
          },
          { label: 'Received', right: true, cell: ({ rxBytes }) => bytes(rxBytes) },
          { label: 'Sent', right: true, cell: ({ txBytes }) => bytes(txBytes) },
        ]}
      />
      <Omitted
        count={telemetry?.interfacesOmitted}
        what="interfaces. Those with addresses and most traffic are shown."
      />
    </Card>
  );
}

function kindName(kind: InterfaceKind): string {
  const name = Object.entries(InterfaceKind).find(([, value]) => value === kind)?.[0] ?? '';
  return name.toLowerCase();
}
