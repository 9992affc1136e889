import type { FileInfo } from '@innkeeper/contract/agent';
import { useEffect, useRef, useState } from 'react';
import { folderNews } from './folder-news.ts';

/** What to say of the last change of a folder's entries that was not made by showing others: `view` tells which. */
export function useFolderNews(entries: readonly FileInfo[] | undefined, isWatched: boolean, view: string): string {
  const [news, setNews] = useState('');
  const before = useRef<{ readonly entries: readonly FileInfo[]; readonly view: string }>(undefined);
  useEffect(() => {
    const last = before.current;
    if (entries === undefined) return;
    before.current = { entries, view };
    // More of the same folder, by "Load more", is no news.
    const isMore = last !== undefined && entries.length > last.entries.length && entries[0] === last.entries[0];
    if (last === undefined || last.view !== view || !isWatched || isMore) return;
    const said = folderNews(last.entries, entries);
    if (said !== '') setNews(said);
  }, [entries, isWatched, view]);
  return news;
}
