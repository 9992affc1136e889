import { mountPercent, type Vm } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Card } from '../../../components/card.tsx';
import { DataTable } from '../../../components/data-table.tsx';
import { Omitted } from '../../../components/omitted.tsx';
import { PercentBar } from '../../../components/percent-bar.tsx';
import { ReportAge } from '../../../components/report-age.tsx';
import { SourceLabel } from '../../../components/source-label.tsx';
import { Unknown } from '../../../components/unknown.tsx';
import { unknownReason } from '../../../components/unknown-reason.ts';
import { formatBytes } from '../../../format/format-bytes.ts';

/** The mounted file systems and their usage. */
export function MountsCard({ vm }: { readonly vm: Vm }): JSX.Element {
  const { telemetry, agent } = vm;
  const mounts = telemetry?.mounts ?? [];
  return (
    <Card
      title="Mounts"
      aside={
        <>
          <ReportAge vm={vm} /> <SourceLabel source="agent" />
        </>
      }
    >
      <DataTable
        label="Mounts"
        rows={mounts}
        rowKey={(mount) => mount.mountPoint}
        empty={telemetry === undefined ? unknownReason(agent) : 'The guest has no mounts.'}
        columns={[
          {
            label: 'Mount point',
            cell: ({ mountPoint, device }) => (
              <span className="mono" data-hint={device}>
                {mountPoint}
              </span>
            ),
          },
          {
            label: 'Type',
            cell: ({ filesystem, readOnly, errorsCount = 0n }) =>
              `${filesystem}${readOnly ? ', read-only' : ''}${errorsCount === 0n ? '' : `, errors: ${errorsCount}`}`,
          },
          {
            label: 'Used',
            width: '34%',
            cell: (mount) => (
              <PercentBar
                label="Used"
                percent={mountPercent(mount)}
                reason={mount.error || (mount.readOnly ? 'Not measured, because it is read-only.' : 'Not measured.')}
                hint={
                  mount.usedBytes === undefined
                    ? undefined
                    : `${formatBytes(mount.usedBytes)} used, ${formatBytes(mount.availableBytes ?? 0n)} free`
                }
              />
            ),
          },
          {
            label: 'Size',
            right: true,
            cell: ({ totalBytes, error }) =>
              totalBytes === undefined ? <Unknown reason={error || 'Not measured.'} /> : formatBytes(totalBytes),
          },
        ]}
      />
      <Omitted count={telemetry?.mountsOmitted} what="mounts. The fullest are shown." />
    </Card>
  );
}
