import { Button, Checkbox, Popover } from '@mantine/core';
import type { JSX } from 'react';
import { Icon } from '../../components/icon.tsx';
import type { Columns } from './use-columns.ts';
import { vmColumns } from './vm-columns.tsx';

/** Chooses the columns of the list. */
export function ColumnChooser({ columns }: { readonly columns: Columns }): JSX.Element {
  return (
    <Popover position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Button variant="default" className="vms-columns" leftSection={<Icon name="columns" size={16} />}>
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Columns">
        <div className="column-chooser">
          {vmColumns.map(({ key, label }) => (
            <Checkbox
              key={key}
              label={label}
              disabled={key === 'name'}
              checked={columns.isShown(key)}
              onChange={() => columns.toggle(key)}
            />
          ))}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
