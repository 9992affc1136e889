import type { GuestProcess } from '@innkeeper/contract/agent';
import type { JSX } from 'react';
import { Icon } from '../../../components/icon.tsx';
import { ProcessRows, type ProcessRowsProps } from './process-rows.tsx';
import type { ProcessOrder, ProcessSortKey } from './process-view.ts';

export interface ProcessTableProps extends Pick<ProcessRowsProps, 'maySignal' | 'onSignal'> {
  readonly processes: readonly GuestProcess[];
  readonly order: ProcessOrder;
  readonly onOrder: (order: ProcessOrder) => void;
}

const columns: readonly { readonly label: string; readonly sort?: ProcessSortKey; readonly right?: boolean }[] = [
  { label: 'PID', sort: 'pid', right: true },
  { label: 'Name', sort: 'name' },
  { label: 'User' },
  { label: 'CPU', sort: 'cpu', right: true },
  { label: 'Memory', sort: 'memory', right: true },
  { label: 'CPU time', right: true },
  { label: 'Started', right: true },
  { label: 'State' },
];

/** CPU and memory are sorted in descending order by default, pid and name in ascending order. */
function isDescending({ key, reversed }: ProcessOrder): boolean {
  return (key === 'cpu' || key === 'memory') !== reversed;
}

export function ProcessTable({ processes, order, onOrder, ...rest }: ProcessTableProps): JSX.Element {
  const direction = isDescending(order) ? 'descending' : 'ascending';
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className="data-table-scroll" aria-label="Processes table" tabIndex={0}>
      <table className="data-table processes-table">
        <thead>
          <tr>
            {columns.map(({ label, sort, right }) => (
              <th
                key={label}
                scope="col"
                className={right ? 'right' : undefined}
                aria-sort={sort === undefined ? undefined : sort === order.key ? direction : 'none'}
              >
                {sort === undefined ? (
                  label
                ) : (
                  <button
                    type="button"
                    className="plain-button processes-sort"
                    onClick={() => onOrder({ key: sort, reversed: sort === order.key && !order.reversed })}
                  >
                    {label}
                    {sort === order.key && <Icon name={direction === 'ascending' ? 'sortUp' : 'sortDown'} size={14} />}
                  </button>
                )}
              </th>
            ))}
            <th scope="col">
              <span className="visually-hidden">Signal</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {processes.map((process) => (
            <ProcessRows key={`${process.pid} ${process.startedUnixNs}`} process={process} {...rest} />
          ))}
        </tbody>
      </table>
    </section>
  );
}
