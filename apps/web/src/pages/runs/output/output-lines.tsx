import { type JSX, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Icon } from '../../../components/icon.tsx';
import type { LineBlocks } from './line-blocks.ts';
import { OutputBlockView } from './output-block-view.tsx';

/** Number of blocks of 100 lines rendered at once. */
const renderedBlocks = 30;
/** Within this many pixels of the end counts as at the end. */
const endPixels = 32;

export interface OutputLinesProps {
  readonly label: string;
  readonly blocks: LineBlocks;
  readonly droppedLines: number;
  readonly query: string;
  readonly times: boolean;
  readonly wrap: boolean;
  readonly follow: boolean;
  /** More output may follow. */
  readonly live: boolean;
  /** Index of the line to scroll to. */
  readonly current: number | undefined;
  readonly onFollow: (follow: boolean) => void;
}

/**
 * Output as lines that can be selected and searched like any text. At most 3,000 lines are rendered: the last ones
 * while following, otherwise those around the visible part.
 */
export function OutputLines(props: OutputLinesProps): JSX.Element {
  const { label, blocks, droppedLines, query, times, wrap, follow, live, current, onFollow } = props;
  const scroller = useRef<HTMLElement>(null);
  const anchor = useRef<{ readonly first: string; readonly top: number }>(undefined);
  /** Index after the last line to render; undefined: the last line. */
  const [end, setEnd] = useState<number>();
  const shown = useRef<number>(undefined);
  const lastTop = useRef(0);
  const [away, setAway] = useState(false);
  const all = blocks.all;
  const endBlock = follow || end === undefined ? all.length : Math.min(all.length, blocks.blockAt(end - 1) + 1);
  const startBlock = Math.max(0, endBlock - renderedBlocks);

  const move = (toEnd: number): void => {
    const first = scroller.current?.querySelector<HTMLElement>('[data-first]');
    // Keeps the visible lines in place.
    const kept = [...(scroller.current?.querySelectorAll<HTMLElement>('[data-first]') ?? [])].find(
      (block) => block.offsetTop + block.offsetHeight > (scroller.current?.scrollTop ?? 0),
    );
    const block = kept ?? first;
    if (block !== null && block !== undefined && scroller.current !== null)
      anchor.current = {
        first: block.dataset['first'] ?? '',
        top: block.offsetTop - scroller.current.scrollTop,
      };
    onFollow(false);
    setEnd(toEnd);
  };

  // After every render: the end stays visible while following.
  useLayoutEffect(() => {
    const { current: element } = scroller;
    if (element === null) return;
    if (current !== undefined && shown.current !== current) {
      const line = element.querySelector(`[data-line="${current}"]`);
      if (line === null) {
        const half = (renderedBlocks / 2) * 100;
        setEnd(Math.min(blocks.end, current + half));
        return;
      }
      shown.current = current;
      line.scrollIntoView({ block: 'center', inline: 'nearest' });
      return;
    }
    shown.current = current;
    setAway(!follow && (endBlock < all.length || pixelsToEnd(element) >= endPixels));
    if (follow) element.scrollTop = element.scrollHeight;
    else if (anchor.current !== undefined) {
      const block = element.querySelector<HTMLElement>(`[data-first="${anchor.current.first}"]`);
      if (block !== null) element.scrollTop = block.offsetTop - anchor.current.top;
      anchor.current = undefined;
    }
  });

  const onScroll = (): void => {
    const { current: element } = scroller;
    if (element === null) return;
    const atEnd = pixelsToEnd(element) < endPixels;
    // Only scrolling up stops following; new output and re-wrapping also move the end away.
    const upwards = element.scrollTop < lastTop.current;
    lastTop.current = element.scrollTop;
    setAway(!atEnd || endBlock < all.length);
    if (follow && !atEnd && upwards) {
      setEnd(blocks.end);
      onFollow(false);
    } else if (!follow && atEnd && endBlock === all.length) onFollow(true);
  };

  useEffect(() => {
    const { current: element } = scroller;
    if (element === null || !follow) return;
    const observer = new ResizeObserver(() => {
      element.scrollTop = element.scrollHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [follow]);

  const earlier = (all[startBlock]?.first ?? 0) - blocks.start;
  const later = blocks.end - ((all[endBlock - 1]?.first ?? 0) + (all[endBlock - 1]?.lines.length ?? 0));
  const step = (renderedBlocks / 2) * 100;
  return (
    <div className="output-place">
      <section
        ref={scroller}
        className={wrap ? 'output-lines wrap' : 'output-lines'}
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        tabIndex={0}
        onScroll={onScroll}
      >
        {startBlock === 0 && droppedLines > 0 && (
          <p className="output-more">
            {droppedLines.toLocaleString()} earlier lines are not shown because there are too many; download the output
            to see them.
          </p>
        )}
        {earlier > 0 && (
          <p className="output-more">
            <button type="button" onClick={() => move((all[endBlock - 1]?.first ?? 0) - step + 100)}>
              Show earlier lines
            </button>{' '}
            {earlier.toLocaleString()} lines above
          </p>
        )}
        {all.slice(startBlock, endBlock).map((block) => (
          <OutputBlockView
            key={block.first}
            block={block}
            version={block.version}
            query={query}
            times={times}
            current={current !== undefined && blocks.blockAt(current) === all.indexOf(block) ? current : undefined}
          />
        ))}
        {later > 0 && (
          <p className="output-more">
            <button type="button" onClick={() => move((all[endBlock - 1]?.first ?? 0) + 100 + step)}>
              Show later lines
            </button>{' '}
            {later.toLocaleString()} lines below
          </p>
        )}
      </section>
      {!follow && away && (
        <button type="button" className="output-jump" onClick={() => onFollow(true)}>
          <Icon name="end" size={14} /> {live ? 'Follow' : 'Jump to end'}
        </button>
      )}
    </div>
  );
}

function pixelsToEnd(element: HTMLElement): number {
  return element.scrollHeight - element.scrollTop - element.clientHeight;
}
