import { useQuery } from '@tanstack/react-query';
import type { JSX } from 'react';
import { guest } from '../../../api/guest.ts';
import { Card } from '../../../components/card.tsx';
import { DataTable } from '../../../components/data-table.tsx';
import { ErrorNote } from '../../../components/error-note.tsx';
import { showName } from '../../../format/show-name.ts';

/** Containers of Docker and Podman; a runtime that did not answer has its reason. */
export function ContainerCard({ vm }: { readonly vm: string }): JSX.Element {
  const { data, error, refetch } = useQuery({
    queryKey: ['containers', vm],
    queryFn: ({ signal }) => guest.inventory.containers(vm, { signal }),
    structuralSharing: false,
  });
  const rows = (data ?? []).flatMap(({ name: runtime, containers }) => containers.map((each) => ({ runtime, each })));
  const known = (data ?? []).filter(({ missing }) => missing === '');
  return (
    <Card title="Containers" className="wide">
      {error !== null && (
        <ErrorNote title="The containers could not be listed" error={error} onRetry={() => void refetch()} />
      )}
      {data === undefined && error === null && <p className="dim">Asking the guest …</p>}
      {known.length > 0 && (
        <DataTable
          label="Containers"
          rows={rows}
          rowKey={({ runtime, each }) => `${runtime} ${each.id}`}
          empty={`No containers in ${known.map(({ name }) => showName(name)).join(' and ')}.`}
          columns={[
            { label: 'Name', cell: ({ each }) => showName(each.name) },
            { label: 'Image', cell: ({ each }) => showName(each.image) },
            { label: 'State', cell: ({ each }) => showName(each.state) },
            { label: 'Status', cell: ({ each }) => showName(each.status) },
            { label: 'Runtime', cell: ({ runtime }) => showName(runtime) },
          ]}
        />
      )}
      {(data ?? []).map(({ name, missing, more }) => (
        <p key={name} className="dim">
          {missing !== '' && `${showName(name)}: not known, ${showName(missing)}.`}
          {more && `${showName(name)}: only the newest containers are listed.`}
        </p>
      ))}
    </Card>
  );
}
