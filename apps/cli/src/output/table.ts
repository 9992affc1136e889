import { createRequire } from 'node:module';
import { clean } from './clean.ts';

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly align?: 'left' | 'right';
  /** Whether it is shown only with -o wide. */
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

/** Lines of RFC 4180, but ended by "\n". */
export function toCsv(lines: readonly (readonly string[])[]): string {
  const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return lines.map((line) => `${line.map(field).join(',')}\n`).join('');
}

type StringWidth = (text: string) => number;

/** Text that every terminal shows one cell wide per character: ASCII, and the signs that inn itself prints. */
const narrow = /^[\u0020-\u007e–·…]*$/;
let stringWidth: StringWidth | undefined;

/** Cells that a text takes on a terminal. Loading the library takes 25 ms, so only text that needs it does. */
function widthOf(text: string): number {
  if (narrow.test(text)) return text.length;
  stringWidth ??= (createRequire(import.meta.url)('string-width') as { readonly default: StringWidth }).default;
  return stringWidth(text);
}
