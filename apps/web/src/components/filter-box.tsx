import { filterFields, parseVmFilter } from '@innkeeper/contract';
import { type JSX, useEffect, useId, useRef, useState } from 'react';
import { Icon } from './icon.tsx';

/** Delay after the last key before the filter is applied. */
const applyDelayMs = 250;
/** Delay before an unfinished condition is marked as an error. */
const errorDelayMs = 1200;

/** Input for the filter language. Marks what cannot be parsed and says why. */
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
  const [typedRecently, setTypedRecently] = useState(false);
  /** The last value reported to the page. When it comes back as `value`, it must not undo what was typed since. */
  const reported = useRef(value);
  useEffect(() => {
    if (value === reported.current) return;
    reported.current = value;
    setText(value);
  }, [value]);
  const report = (next: string): void => {
    if (next === reported.current) return;
    reported.current = next;
    onChange(next);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing restarts the delay
  useEffect(() => {
    setTypedRecently(true);
    const timers = [
      setTimeout(() => report(text), applyDelayMs),
      setTimeout(() => setTypedRecently(false), errorDelayMs),
    ];
    return () => timers.forEach(clearTimeout);
  }, [text]);
  const { problems } = parseVmFilter(text);
  const [problem] = problems;
  // What is being typed right now is not an error yet.
  const unfinished = typedRecently && problem !== undefined && problem.end === text.length && problems.length === 1;
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
              if (event.key === 'Enter') report(text);
              else if (event.key === 'Escape') input.current?.blur();
            }}
          />
        </div>
        {text !== '' && (
          <button
            type="button"
            className="icon-button small"
            aria-label="Clear filter"
            onClick={() => {
              setText('');
              report('');
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

/** A transparent copy of the text with visible marks under the errors. */
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
