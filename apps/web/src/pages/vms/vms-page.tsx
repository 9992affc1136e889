import { Button } from '@mantine/core';
import { type JSX, useState } from 'react';
import { Link } from 'react-router';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { FilterBox } from '../../components/filter-box.tsx';
import { Icon } from '../../components/icon.tsx';
import { isUnreadable, matchText } from '../../components/match-text.ts';
import { Page } from '../../components/page.tsx';
import { StartRunButton } from '../runs/start-run-button.tsx';
import { useParameters } from '../use-parameters.ts';
import { BulkBar } from './bulk-bar.tsx';
import { ColumnChooser } from './column-chooser.tsx';
import { useColumns } from './use-columns.ts';
import { useSelection } from './use-selection.ts';
import { useVmWindow } from './use-vm-window.ts';
import { VmTable } from './vm-table.tsx';

/** All VMs. Filter and sort order are in the address, so a view can be bookmarked and shared. */
export function VmsPage(): JSX.Element {
  const { me } = useMe();
  const [parameters, change] = useParameters();
  const filter = parameters.get('filter') ?? '';
  const sort = parameters.get('sort') ?? 'name';
  const [firstRow, setFirstRow] = useState(0);
  const columns = useColumns();
  const selection = useSelection();
  const readable = !isUnreadable(filter);
  // An invalid filter is not requested: the last valid result stays while the user types.
  const vms = useVmWindow(filter, sort, firstRow, readable);
  const create = hasPrivilege(me, 'vm.manage') && (
    <Button component={Link} to="/vms/new" leftSection={<Icon name="plus" size={16} />}>
      Create VM
    </Button>
  );
  const total = vms.total ?? 0;
  return (
    <Page
      title="Virtual machines"
      fill
      aside={
        vms.total !== undefined && (
          <span className={readable ? 'dim number' : 'filter-problem'} role="status">
            {matchText(filter, vms.filter, vms.total)}
          </span>
        )
      }
      actions={create}
    >
      <div className="row vms-tools">
        <FilterBox value={filter} onChange={(value) => change({ filter: value })} />
        {filter !== '' && readable && total > 0 && <StartRunButton variant="default" where={{ filter }} />}
        <ColumnChooser columns={columns} />
      </div>
      {selection.ids.size > 0 && <BulkBar selection={selection} filter={vms.filter} total={total} />}
      {vms.error !== undefined && <ErrorNote title="The VMs could not be loaded" error={vms.error} />}
      {vms.total === 0 && filter === '' && (
        <EmptyState title="No VMs yet" action={create} command="inn create web --image tiny">
          A VM is created from an image that already contains the agent. The small image is built in half a minute.
        </EmptyState>
      )}
      {vms.total === 0 && filter !== '' && readable && (
        <EmptyState
          title="No VMs match"
          action={
            <Button variant="default" onClick={() => change({ filter: '' })}>
              Clear filter
            </Button>
          }
        >
          A condition on an unknown figure matches nothing.
        </EmptyState>
      )}
      {total > 0 && (
        <VmTable
          vms={vms}
          sort={sort}
          onSort={(value) => change({ sort: value === 'name' ? '' : value })}
          columns={columns.shown}
          selection={selection}
          onFirstRow={setFirstRow}
        />
      )}
    </Page>
  );
}
