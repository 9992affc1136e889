import { filterFields, parseVmFilter } from '@innkeeper/contract';
import { type JSX, useEffect, useId, useRef, useState } from 'react';
import { Icon } from './icon.tsx';

/** After the last key, until the filter is asked. */
const typingMs = 250;
/** And until what is not finished counts as wrong. */
const thinkingMs = 1200;

/** Where the filter language is written. Marks what cannot be read and says why. */
export function FilterBox({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}): JSX.Element {
  const [text, setText] = useState(value);
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const marks = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState(false);
  const [thinking, setThinking] = useState(false);
  /** What the page was told last: what comes back of it is no news, and must not undo what was typed since. */
  const told = useRef(value);
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  const tell = (next: string): void => {
    if (next === told.current) return;
    told.current = next;
    onChange(next);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: waits for the typing alone
  useEffect(() => {
    setThinking(true);
    const timers = [setTimeout(() => tell(text), typingMs), setTimeout(() => setThinking(false), thinkingMs)];
    return () => timers.forEach(clearTimeout);
  }, [text]);
  const { problems } = parseVmFilter(text);
  const [problem] = problems;
  // What is being typed right now is not wrong yet.
  const unfinished = thinking && problem !== undefined && problem.end === text.length && problems.length === 1;
  const wrong = problem !== undefined && !unfinished;
  return (
    <div className="filter-box grow">
      <div className={wrong ? 'filter-field wrong' : 'filter-field'}>
        <Icon name="search" size={16} />
        <div className="filter-text">
          <div ref={marks} className="filter-marks" aria-hidden="true">
            {marked(text, unfinished ? [] : problems)}
          </div>
          <input
            ref={input}
            data-filter
            type="text"
            aria-label="Filter"
            aria-describedby={`${id}-help`}
            aria-invalid={wrong}
            placeholder="state:running agent:outdated mem>80 …"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={text}
            onFocus={() => setFocused(true)}
            onBlur={() => setFocused(false)}
            onScroll={() => marks.current?.scrollTo(input.current?.scrollLeft ?? 0, 0)}
            onChange={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter') tell(text);
              else if (event.key === 'Escape') input.current?.blur();
            }}
          />
        </div>
        {text !== '' && (
          <button
            type="button"
            className="icon-button small"
            aria-label="Clear the filter"
            onClick={() => {
              setText('');
              tell('');
              input.current?.focus();
            }}
          >
            <Icon name="close" size={14} />
          </button>
        )}
      </div>
      <div id={`${id}-help`} className="filter-problem" role={wrong ? 'alert' : undefined}>
        {wrong && problem.message}
      </div>
      {focused && text === '' && <FilterHelp onPick={(example) => setText(example)} />}
    </div>
  );
}

/** The whole text again, invisible but for the marks under what is wrong. */
function marked(text: string, problems: readonly { readonly start: number; readonly end: number }[]): JSX.Element[] {
  const parts: JSX.Element[] = [];
  let at = 0;
  for (const { start, end } of problems) {
    parts.push(
      <span key={at}>{text.slice(at, start)}</span>,
      <mark key={`mark ${start}`}>{text.slice(start, end)}</mark>,
    );
    at = end;
  }
  parts.push(<span key={`rest ${at}`}>{text.slice(at)}</span>);
  return parts;
}

function FilterHelp({ onPick }: { readonly onPick: (example: string) => void }): JSX.Element {
  return (
    <div className="filter-examples">
      {Object.values(filterFields).map(({ example, help }) => (
        <button
          key={example}
          type="button"
          tabIndex={-1}
          className="filter-example"
          data-hint={`${help.slice(0, 1).toUpperCase()}${help.slice(1)}`}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onPick(example)}
        >
          {example}
        </button>
      ))}
    </div>
  );
}
