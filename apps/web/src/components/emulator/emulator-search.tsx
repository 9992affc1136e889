import { type JSX, useEffect, useRef, useState } from 'react';
import { Icon } from '../icon.tsx';
import type { Emulator } from './emulator.ts';

const decorations = {
  matchBackground: '#f0d58a',
  matchOverviewRuler: '#c79a2b',
  activeMatchBackground: '#f2a33c',
  activeMatchColorOverviewRuler: '#f2a33c',
} as const;

/** Searches the screen and scrollback: Enter moves up, Shift+Enter down, Escape closes. */
export function EmulatorSearch({
  emulator,
  onClose,
}: {
  readonly emulator: Emulator;
  readonly onClose: () => void;
}): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const [word, setWord] = useState('');
  useEffect(() => field.current?.focus(), []);
  const [found, setFound] = useState({ resultIndex: -1, resultCount: 0 });
  useEffect(() => {
    const listening = emulator.search.onDidChangeResults(setFound);
    return () => {
      listening.dispose();
      emulator.search.clearDecorations();
    };
  }, [emulator]);
  const find = (text: string, forward: boolean): void => {
    if (text === '') {
      emulator.search.clearDecorations();
      setFound({ resultIndex: -1, resultCount: 0 });
    } else if (forward) emulator.search.findNext(text, { decorations });
    else emulator.search.findPrevious(text, { decorations });
  };
  const { resultIndex, resultCount } = found;
  const count = resultIndex < 0 ? `${resultCount}` : `${resultIndex + 1} of ${resultCount}`;
  return (
    <search className="emulator-search" aria-label="Search the terminal">
      <input
        ref={field}
        type="search"
        aria-label="Search text"
        placeholder="Find"
        value={word}
        onChange={(event) => {
          setWord(event.currentTarget.value);
          find(event.currentTarget.value, false);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') find(word, event.shiftKey);
          else if (event.key === 'Escape') onClose();
          else return;
          event.preventDefault();
        }}
      />
      <span className="dim number" role="status">
        {word !== '' && (resultCount === 0 ? 'Not found' : count)}
      </span>
      <button type="button" className="icon-button small" aria-label="Previous" onClick={() => find(word, false)}>
        <Icon name="up" size={15} />
      </button>
      <button type="button" className="icon-button small" aria-label="Next" onClick={() => find(word, true)}>
        <Icon name="down" size={15} />
      </button>
      <button type="button" className="icon-button small" aria-label="Close search" onClick={onClose}>
        <Icon name="close" size={15} />
      </button>
    </search>
  );
}
