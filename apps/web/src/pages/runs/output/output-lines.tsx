import { type JSX, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Icon } from '../../../components/icon.tsx';
import type { LineBlocks } from './line-blocks.ts';
import { OutputBlockView } from './output-block-view.tsx';

/** Blocks of a hundred lines that are drawn at once. */
const drawnBlocks = 30;
/** Nearer to the end than so many pixels is at the end. */
const endPixels = 32;

export interface OutputLinesProps {
  readonly label: string;
  readonly blocks: LineBlocks;
  readonly droppedLines: number;
  readonly query: string;
  readonly times: boolean;
  readonly wrap: boolean;
  readonly follow: boolean;
  /** More may come. */
  readonly live: boolean;
  /** Index of the line to bring into sight. */
  readonly current: number | undefined;
  readonly onFollow: (follow: boolean) => void;
}

/**
 * Output as lines that can be selected and searched as any text. Of many lines, 3,000 are drawn: the last ones while it
 * is followed, else those around what is looked at.
 */
export function OutputLines(props: OutputLinesProps): JSX.Element {
  const { label, blocks, droppedLines, query, times, wrap, follow, live, current, onFollow } = props;
  const scroller = useRef<HTMLElement>(null);
  const anchor = useRef<{ readonly first: string; readonly top: number }>(undefined);
  /** Index after the last line that may be drawn; undefined: the last there is. */
  const [end, setEnd] = useState<number>();
  const shown = useRef<number>(undefined);
  const lastTop = useRef(0);
  const [away, setAway] = useState(false);
  const all = blocks.all;
  const endBlock = follow || end === undefined ? all.length : Math.min(all.length, blocks.blockAt(end - 1) + 1);
  const startBlock = Math.max(0, endBlock - drawnBlocks);

  const move = (toEnd: number): void => {
    const first = scroller.current?.querySelector<HTMLElement>('[data-first]');
    // What is in sight stays where it is.
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

  // After every drawing: the end stays in sight while it is followed.
  useLayoutEffect(() => {
    const { current: element } = scroller;
    if (element === null) return;
    if (current !== undefined && shown.current !== current) {
      const line = element.querySelector(`[data-line="${current}"]`);
      if (line === null) {
        const half = (drawnBlocks / 2) * 100;
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
    // Only who scrolls up wants to stop: what grows or is wrapped anew moves the end away too.
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
  const step = (drawnBlocks / 2) * 100;
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
            {droppedLines.toLocaleString()} earlier lines are too many for this page; the download has them.
          </p>
        )}
        {earlier > 0 && (
          <p className="output-more">
            <button type="button" onClick={() => move((all[endBlock - 1]?.first ?? 0) - step + 100)}>
              Show earlier lines
            </button>{' '}
            {earlier.toLocaleString()} are above
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
            {later.toLocaleString()} are below
          </p>
        )}
      </section>
      {!follow && away && (
        <button type="button" className="output-jump" onClick={() => onFollow(true)}>
          <Icon name="down" size={14} /> {live ? 'Follow' : 'To the end'}
        </button>
      )}
    </div>
  );
}

function pixelsToEnd(element: HTMLElement): number {
  return element.scrollHeight - element.scrollTop - element.clientHeight;
}
