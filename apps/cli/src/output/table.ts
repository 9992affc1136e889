import { clean } from './clean.ts';
import { widthOf } from './width-of.ts';

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly align?: 'left' | 'right';
  /** Only with -o wide. */
  readonly wide?: boolean;
}

/** Rows as aligned columns, two spaces apart. Unknown values are "–". */
export function formatTable<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  options: { readonly headers: boolean; readonly wide?: boolean },
): string {
  const shown = columns.filter((column) => options.wide === true || column.wide !== true);
  const lines = rows.map((row) => shown.map((column) => clean(column.value(row)) || '–'));
  if (options.headers) lines.unshift(shown.map((column) => column.title));
  const widths = shown.map((_, index) => lines.reduce((most, line) => Math.max(most, widthOf(line[index] ?? '')), 0));
  return lines
    .map((line) =>
      line
        .map((cell, index) => {
          const gap = ' '.repeat((widths[index] ?? 0) - widthOf(cell));
          return shown[index]?.align === 'right' ? gap + cell : cell + gap;
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
