import { showName } from '../../../format/show-name.ts';
import { baseName } from './file-path.ts';

interface Entry {
  readonly path: string;
}

/** What a screen reader says of a folder that has changed; empty if the same names are there. */
export function folderNews(before: readonly Entry[], after: readonly Entry[]): string {
  const added = missing(after, before);
  const removed = missing(before, after);
  return [said(added, 'added'), said(removed, 'removed')].filter((part) => part !== '').join(', ');
}

/** Those whose path is not among the others. */
function missing(of: readonly Entry[], others: readonly Entry[]): readonly Entry[] {
  const there = new Set(others.map(({ path }) => path));
  return of.filter(({ path }) => !there.has(path));
}

function said([first, ...more]: readonly Entry[], what: string): string {
  if (first === undefined) return '';
  return more.length === 0 ? `${showName(baseName(first.path))} ${what}` : `${more.length + 1} entries ${what}`;
}
