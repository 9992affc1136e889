import type { Vm } from '@innkeeper/contract/control';
import { type JSX, memo } from 'react';
import type { Selection } from './use-selection.ts';
import type { VmColumn } from './vm-columns.tsx';

export interface VmTableRowProps {
  readonly index: number;
  /** Pixels from the first row. */
  readonly top: number;
  /** Undefined while not loaded. */
  readonly vm: Vm | undefined;
  readonly columns: readonly VmColumn[];
  readonly newestAgent: string;
  readonly selection: Selection;
  /** The one row reachable by Tab; arrow keys move from there. */
  readonly focusable: boolean;
}

/** One VM of the list. */
export const VmTableRow = memo(function VmTableRow(props: VmTableRowProps): JSX.Element {
  const { index, top, vm, columns, newestAgent, selection, focusable } = props;
  const selected = vm !== undefined && selection.ids.has(vm.id);
  return (
    <tr
      aria-rowindex={index + 2}
      data-row={index}
      data-list-item
      tabIndex={focusable ? 0 : -1}
      className={selected ? 'vm-table-row selected' : 'vm-table-row'}
      style={{ transform: `translateY(${top}px)` }}
    >
      <td className="vm-check">
        {vm !== undefined && (
          <input
            type="checkbox"
            aria-label={`Select ${vm.name}`}
            checked={selected}
            onChange={() => selection.toggle(vm)}
          />
        )}
      </td>
      {columns.map(({ key, cell, narrow = false }) => (
        <td key={key} data-column={key} className={narrow ? undefined : 'wide-only'}>
          {vm === undefined ? <span className="vm-cell-loading" /> : cell(vm, { newestAgent })}
        </td>
      ))}
    </tr>
  );
});
