import type { JSX, ReactNode } from 'react';

export interface DataColumn<T> {
  readonly label: string;
  /** Show the label to screen readers only, for example over a column of buttons. */
  readonly labelHidden?: boolean;
  readonly cell: (row: T) => ReactNode;
  /** Align right, for numbers. */
  readonly right?: boolean;
  readonly width?: string;
}

export interface DataTableProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  readonly columns: readonly DataColumn<T>[];
  /** Text shown when there are no rows. */
  readonly empty: string;
}

/** A short table. Long ones, such as the VM list, are virtualised instead. */
export function DataTable<T>({ label, rows, rowKey, columns, empty }: DataTableProps<T>): JSX.Element {
  if (rows.length === 0) return <p className="dim data-table-none">{empty}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className="data-table-scroll" aria-label={`${label} table`} tabIndex={0}>
      <table className="data-table">
        <thead>
          <tr>
            {columns.map(({ label: head, labelHidden, right, width }) => (
              <th key={head} scope="col" className={right ? 'right' : undefined} style={{ width }}>
                {labelHidden ? <span className="visually-hidden">{head}</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ label: head, cell, right }) => (
                <td key={head} className={right ? 'right number' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
