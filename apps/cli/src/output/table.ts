import stringWidth from 'string-width';

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
  const widths = shown.map((_, index) => Math.max(0, ...lines.map((line) => stringWidth(line[index] ?? ''))));
  return lines
    .map((line) =>
      line
        .map((cell, index) => {
          const gap = ' '.repeat((widths[index] ?? 0) - stringWidth(cell));
          return shown[index]?.align === 'right' ? gap + cell : cell + gap;
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** A guest's words must not move the cursor or set colours. */
export function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '·');
}
