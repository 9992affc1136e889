import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type JSX, useState } from 'react';
import { guest } from '../../../api/guest.ts';
import { Card } from '../../../components/card.tsx';
import { DataTable } from '../../../components/data-table.tsx';
import { ErrorNote } from '../../../components/error-note.tsx';
import { Icon } from '../../../components/icon.tsx';
import { Unknown } from '../../../components/unknown.tsx';
import { formatBytes } from '../../../format/format-bytes.ts';
import { showName } from '../../../format/show-name.ts';
import { filterPackages } from './inventory-view.ts';

/** Rows that are shown at once; the filter finds the others. */
const maxShown = 200;

/** The installed packages, with a filter. */
export function PackageCard({ vm }: { readonly vm: string }): JSX.Element {
  const [filter, setFilter] = useState('');
  const { data, error, refetch } = useQuery({
    queryKey: ['packages', vm],
    queryFn: ({ signal }) => guest.inventory.packages(vm, { signal }),
    structuralSharing: false,
  });
  const found = data === undefined ? [] : filterPackages(data.packages, filter);
  return (
    <Card
      title="Packages"
      className="wide"
      aside={
        data !== undefined &&
        data.missing === '' && (
          <span className="dim number" role="status">
            {found.length} of {data.packages.length} ({data.manager})
          </span>
        )
      }
    >
      {error !== null && (
        <ErrorNote title="The packages could not be listed" error={error} onRetry={() => void refetch()} />
      )}
      {data === undefined && error === null && <p className="dim">Asking the guest …</p>}
      {data !== undefined && data.missing !== '' && <p className="dim">No packages: {data.missing}.</p>}
      {data !== undefined && data.missing === '' && (
        <>
          <TextInput
            size="sm"
            className="inventory-filter"
            aria-label="Filter packages"
            placeholder="Name or version"
            leftSection={<Icon name="search" size={15} />}
            value={filter}
            onChange={(event) => setFilter(event.currentTarget.value)}
          />
          <DataTable
            label="Packages"
            rows={found.slice(0, maxShown)}
            rowKey={({ name, version, architecture }) => `${name} ${version} ${architecture}`}
            empty="No package matches the filter."
            columns={[
              { label: 'Name', cell: ({ name }) => showName(name) },
              { label: 'Version', cell: ({ version }) => <code>{showName(version)}</code> },
              { label: 'Architecture', cell: ({ architecture }) => showName(architecture) },
              {
                label: 'Size',
                right: true,
                cell: ({ installedBytes }) =>
                  installedBytes === undefined ? (
                    <Unknown reason="The package does not say." />
                  ) : (
                    formatBytes(installedBytes)
                  ),
              },
            ]}
          />
          {found.length > maxShown && <p className="dim">The first {maxShown} are shown; filter for the others.</p>}
        </>
      )}
    </Card>
  );
}
