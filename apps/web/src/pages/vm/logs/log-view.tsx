import { logPriorityName } from '@innkeeper/client/browser';
import { type JSX, memo, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { dateOf, formatFullTime, formatTime } from '../../../format/format-time.ts';
import { type LogLine, lineText } from './log-lines.ts';

/** Height of a line in pixels; logs.css has the same. */
const lineHeight = 20;
/** Lines that are rendered beyond the visible ones, on both sides. */
const margin = 20;

/**
 * The lines of a log, of which only the visible ones are rendered. It stays at the end while new lines arrive, until the
 * user scrolls up.
 */
export function LogView({ lines }: { readonly lines: readonly LogLine[] }): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const [{ top, height }, setPlace] = useState({ top: 0, height: 600 });
  const [atEnd, setAtEnd] = useState(true);
  const [openId, setOpenId] = useState<number>();

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setPlace({ top: element.scrollTop, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines move the end
  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null && atEnd) element.scrollTop = element.scrollHeight;
  }, [lines, atEnd]);

  const first = Math.max(Math.floor(top / lineHeight) - margin, 0);
  const visible = lines.slice(first, first + Math.ceil(height / lineHeight) + 2 * margin);
  const open = lines.find(({ id }) => id === openId)?.entry;
  return (
    <div className="logs-view">
      <section
        ref={box}
        className="logs-lines"
        aria-label="Log"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
          setPlace({ top: scrollTop, height: clientHeight });
          setAtEnd(scrollTop + clientHeight >= scrollHeight - lineHeight);
        }}
      >
        <div style={{ height: lines.length * lineHeight }}>
          <div style={{ transform: `translateY(${first * lineHeight}px)` }}>
            {visible.map((line) => (
              <Line key={line.id} line={line} onOpen={setOpenId} />
            ))}
          </div>
        </div>
      </section>
      {!atEnd && (
        <button type="button" className="logs-end" onClick={() => setAtEnd(true)}>
          To the newest line
        </button>
      )}
      {open !== undefined && (
        <section className="logs-whole" aria-label="Whole entry">
          <pre>{open.message}</pre>
          <button type="button" className="plain-button" onClick={() => setOpenId(undefined)}>
            Close
          </button>
        </section>
      )}
    </div>
  );
}

const Line = memo(function Line({
  line: { id, entry, note },
  onOpen,
}: {
  readonly line: LogLine;
  readonly onOpen: (id: number) => void;
}): JSX.Element {
  if (entry === undefined) return <div className="logs-line logs-note">{note}</div>;
  const { timeUnixNs, priority, source, pid, message } = entry;
  const date = timeUnixNs === undefined ? undefined : dateOf(timeUnixNs);
  const level = logPriorityName(priority);
  const from = source === '' ? '' : `${lineText(source)}${pid === undefined ? '' : `[${pid}]`}`;
  const tone = priority === undefined ? '' : priority <= 3 ? ' logs-bad' : priority === 4 ? ' logs-warn' : '';
  return (
    <button type="button" tabIndex={-1} className={`plain-button logs-line${tone}`} onClick={() => onOpen(id)}>
      {date !== undefined && (
        <time className="dim number" dateTime={date.toISOString()} title={formatFullTime(date)}>
          {formatTime(date)}
        </time>
      )}
      {level !== undefined && priority !== undefined && priority <= 4 && (
        <span className="visually-hidden">{level}</span>
      )}
      {from !== '' && <span className="logs-source">{from}</span>}
      <span>{lineText(message)}</span>
    </button>
  );
});
