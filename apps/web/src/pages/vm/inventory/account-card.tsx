import { useQuery } from '@tanstack/react-query';
import type { JSX } from 'react';
import { guest } from '../../../api/guest.ts';
import { Card } from '../../../components/card.tsx';
import { DataTable } from '../../../components/data-table.tsx';
import { ErrorNote } from '../../../components/error-note.tsx';
import { Omitted } from '../../../components/omitted.tsx';
import { showName } from '../../../format/show-name.ts';

/** Rows that are shown: people first, since system accounts are the same everywhere. */
const maxShown = 100;
/** useradd(8) gives people numbers from here on. */
const firstPerson = 1000;

/** The accounts of the guest. */
export function AccountCard({ vm }: { readonly vm: string }): JSX.Element {
  const { data, error, refetch } = useQuery({
    queryKey: ['accounts', vm],
    queryFn: ({ signal }) => guest.inventory.accounts(vm, { signal }),
    structuralSharing: false,
  });
  const rows = (data ?? []).toSorted((a, b) => Number(a.uid < firstPerson) - Number(b.uid < firstPerson));
  return (
    <Card title="Users of the guest" className="wide">
      {error !== null && (
        <ErrorNote title="The users could not be listed" error={error} onRetry={() => void refetch()} />
      )}
      {data === undefined && error === null && <p className="dim">Asking the guest …</p>}
      {data !== undefined && (
        <DataTable
          label="Users of the guest"
          rows={rows.slice(0, maxShown)}
          rowKey={({ name }) => name}
          empty="This guest has no users."
          columns={[
            { label: 'Name', cell: ({ name }) => showName(name) },
            { label: 'UID', right: true, cell: ({ uid }) => uid },
            { label: 'Home', cell: ({ home }) => showName(home) },
            { label: 'Shell', cell: ({ shell }) => showName(shell) },
            { label: 'Groups', cell: ({ groups }) => showName(groups.join(' ')) },
          ]}
        />
      )}
      <Omitted count={Math.max(rows.length - maxShown, 0)} what="users" />
    </Card>
  );
}
