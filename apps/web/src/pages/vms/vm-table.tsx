import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type JSX, type KeyboardEvent, useEffect, useRef } from 'react';
import { useNavigate } from 'react-router';
import { useNode } from '../../api/use-node.ts';
import { Icon } from '../../components/icon.tsx';
import { vmPath } from '../../components/vm-path.ts';
import type { Selection } from './use-selection.ts';
import type { VmWindow } from './use-vm-window.ts';
import type { VmColumn } from './vm-columns.tsx';
import { VmTableRow } from './vm-table-row.tsx';

const rowHeight = 42;

export interface VmTableProps {
  readonly vms: VmWindow;
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  readonly columns: readonly VmColumn[];
  readonly selection: Selection;
  readonly onFirstRow: (index: number) => void;
}

/** A virtualised table: only visible rows are rendered. Arrow keys, j and k move, Enter opens, Space selects. */
export function VmTable({ vms, sort, onSort, columns, selection, onFirstRow }: VmTableProps): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();
  const newestAgent = useNode()?.agentVersion ?? '';
  const rows = useVirtualizer({
    count: vms.total ?? 0,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const items = rows.getVirtualItems();
  const firstRow = items[0]?.index ?? 0;
  useEffect(() => onFirstRow(firstRow), [firstRow, onFirstRow]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const row = (event.target as Element).closest<HTMLElement>('[data-row]');
    if (row === null || event.target !== row) return;
    const index = Number(row.dataset['row']);
    const vm = vms.row(index);
    const focusRow = (next: number): void => {
      rows.scrollToIndex(next);
      requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus());
    };
    if (event.key === 'ArrowDown' || event.key === 'j') focusRow(Math.min(index + 1, (vms.total ?? 1) - 1));
    else if (event.key === 'ArrowUp' || event.key === 'k') focusRow(Math.max(index - 1, 0));
    else if (event.key === 'Enter' && vm !== undefined) void navigate(vmPath(vm.name));
    else if (event.key === ' ' && vm !== undefined) selection.toggle(vm);
    else return;
    event.preventDefault();
  };

  const style = { '--vm-columns': `36px ${columns.map(({ width }) => width).join(' ')}` } as CSSProperties;
  const { loaded } = vms;
  const allSelected = loaded.length > 0 && loaded.every(({ id }) => selection.ids.has(id));
  return (
    <div className="card vm-table" style={style}>
      <div ref={scroller} className="vm-table-scroll">
        <table aria-label="Virtual machines" aria-rowcount={(vms.total ?? 0) + 1} onKeyDown={onKeyDown}>
          <thead className="vm-table-head">
            <tr className="vm-table-row" aria-rowindex={1}>
              <th scope="col" className="vm-check">
                <input
                  type="checkbox"
                  aria-label="Select the loaded VMs"
                  checked={allSelected}
                  onChange={() => (allSelected ? selection.clear() : selection.add(loaded))}
                />
              </th>
              {columns.map((column) => (
                <ColumnHead key={column.key} column={column} sort={sort} onSort={onSort} />
              ))}
            </tr>
          </thead>
          <tbody className="vm-table-body" style={{ height: rows.getTotalSize() }}>
            {items.map(({ index, start }) => (
              <VmTableRow
                key={index}
                index={index}
                top={start}
                vm={vms.row(index)}
                columns={columns}
                newestAgent={newestAgent}
                selection={selection}
                focusable={index === firstRow}
              />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function ColumnHead({
  column: { key, label, sort: sortKey, descendingFirst = false, narrow = false },
  sort,
  onSort,
}: {
  readonly column: VmColumn;
  readonly sort: string;
  readonly onSort: (sort: string) => void;
}): JSX.Element {
  const className = narrow ? undefined : 'wide-only';
  if (sortKey === undefined)
    return (
      <th scope="col" className={className} data-column={key}>
        {label}
      </th>
    );
  const direction = sort === sortKey ? 'ascending' : sort === `-${sortKey}` ? 'descending' : undefined;
  const first = descendingFirst ? `-${sortKey}` : sortKey;
  const next = sort === first ? (descendingFirst ? sortKey : `-${sortKey}`) : first;
  return (
    <th scope="col" className={className} data-column={key} aria-sort={direction ?? 'none'}>
      <button type="button" className="plain-button vm-sort" onClick={() => onSort(next)}>
        {label}
        {direction !== undefined && <Icon name={direction === 'ascending' ? 'sortUp' : 'sortDown'} size={14} />}
      </button>
    </th>
  );
}
