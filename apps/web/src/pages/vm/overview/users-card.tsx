import type { Vm } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Card } from '../../../components/card.tsx';
import { DataTable } from '../../../components/data-table.tsx';
import { Omitted } from '../../../components/omitted.tsx';
import { ReportAge } from '../../../components/report-age.tsx';
import { SourceLabel } from '../../../components/source-label.tsx';
import { TimeAgo } from '../../../components/time-ago.tsx';
import { Unknown } from '../../../components/unknown.tsx';
import { unknownReason } from '../../../components/unknown-reason.ts';

/** The users logged in inside the guest. */
export function UsersCard({ vm }: { readonly vm: Vm }): JSX.Element {
  const { telemetry, agent } = vm;
  return (
    <Card
      title="Logged in"
      aside={
        <>
          <ReportAge vm={vm} /> <SourceLabel source="agent" />
        </>
      }
    >
      <DataTable
        label="Logged in"
        rows={telemetry?.users ?? []}
        rowKey={({ name, terminal, host, sinceUnixNs }) => `${name} ${terminal} ${host} ${sinceUnixNs}`}
        empty={telemetry === undefined ? unknownReason(agent) : 'Nobody is logged in inside the guest.'}
        columns={[
          { label: 'User', cell: ({ name }) => name },
          { label: 'Terminal', cell: ({ terminal }) => <span className="mono">{terminal}</span> },
          { label: 'From', cell: ({ host }) => host || <span className="dim">the console</span> },
          {
            label: 'Since',
            right: true,
            cell: ({ sinceUnixNs }) =>
              sinceUnixNs === undefined ? (
                <Unknown reason="Not reported by the guest." />
              ) : (
                <TimeAgo unixNs={sinceUnixNs} />
              ),
          },
        ]}
      />
      <Omitted count={telemetry?.usersOmitted} what="logins. The latest are shown." />
    </Card>
  );
}
