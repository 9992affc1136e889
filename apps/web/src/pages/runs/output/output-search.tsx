import type { JSX } from 'react';
import { Icon } from '../../../components/icon.tsx';
import { maxMatches } from './mark-matches.ts';

export interface OutputSearchProps {
  readonly query: string;
  readonly onQuery: (query: string) => void;
  /** Number of lines with matches. */
  readonly found: number;
  /** Index of the current match, from 0; undefined: none yet. */
  readonly at: number | undefined;
  readonly onMove: (by: 1 | -1) => void;
}

/** Search in the output. Enter: next match, Shift+Enter: previous match, Esc: clear. */
export function OutputSearch({ query, onQuery, found, at, onMove }: OutputSearchProps): JSX.Element {
  const count = found >= maxMatches ? `${maxMatches.toLocaleString()}+` : found.toLocaleString();
  return (
    <search className="output-search">
      <Icon name="search" size={14} />
      <input
        data-filter
        type="text"
        aria-label="Search in the output"
        placeholder="Search"
        autoComplete="off"
        spellCheck={false}
        value={query}
        onChange={(event) => onQuery(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onMove(event.shiftKey ? -1 : 1);
          else if (event.key === 'Escape' && query !== '') onQuery('');
          else return;
          event.preventDefault();
        }}
      />
      {query !== '' && (
        <>
          <span className="dim number output-found" role="status">
            {found === 0 ? 'no match' : at === undefined ? count : `${(at + 1).toLocaleString()} of ${count}`}
          </span>
          <button
            type="button"
            className="icon-button small"
            aria-label="Previous match"
            disabled={found === 0}
            onClick={() => onMove(-1)}
          >
            <Icon name="up" size={14} />
          </button>
          <button
            type="button"
            className="icon-button small"
            aria-label="Next match"
            disabled={found === 0}
            onClick={() => onMove(1)}
          >
            <Icon name="down" size={14} />
          </button>
        </>
      )}
    </search>
  );
}
