/** The lines of a Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [row(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(row)];
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

const opening = '<!-- Made by npm run generate. -->';
const closing = '<!-- Until here. -->';

/** A page with the lines between its two marks replaced. @throws Error when it has no marks */
export function withMade(page: string, lines: readonly string[]): string {
  const start = page.indexOf(opening);
  const end = page.indexOf(closing, start);
  if (start < 0 || end < 0) throw new Error(`The page has no "${opening}" followed by "${closing}".`);
  return [page.slice(0, start) + opening, '', ...lines, '', page.slice(end)].join('\n');
}
