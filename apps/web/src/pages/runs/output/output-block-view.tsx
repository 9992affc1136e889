import { type JSX, memo } from 'react';
import { dateOf } from '../../../format/format-time.ts';
import type { AnsiStyle } from './ansi-parts.ts';
import type { OutputBlock, OutputLine } from './line-blocks.ts';
import { type MarkedPart, markMatches, partsOf } from './mark-matches.ts';

export interface OutputBlockViewProps {
  readonly block: OutputBlock;
  /** The block's version; the view renders again when it changes. */
  readonly version: number;
  readonly query: string;
  readonly times: boolean;
  /** Index of the current search match. */
  readonly current: number | undefined;
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});

/** A block of 100 lines of output, as text that is never interpreted. */
export const OutputBlockView = memo(function OutputBlockView(props: OutputBlockViewProps): JSX.Element {
  const { block, query, times, current } = props;
  return (
    <div data-first={block.first}>
      {block.lines.map((line, index) => (
        <Line
          key={line.number}
          line={line}
          index={block.first + index}
          query={query}
          times={times}
          current={current === block.first + index}
        />
      ))}
    </div>
  );
});

interface LineProps {
  readonly line: OutputLine;
  readonly index: number;
  readonly query: string;
  readonly times: boolean;
  readonly current: boolean;
}

function Line({ line, index, query, times, current }: LineProps): JSX.Element {
  const { stream, number, timeUnixNs } = line;
  return (
    <div className={`output-line ${stream}${current ? ' current' : ''}`} data-line={index}>
      <span className="output-number number" aria-hidden="true">
        {number}
      </span>
      {times && <span className="output-time number">{timeUnixNs === 0n ? '' : clock.format(dateOf(timeUnixNs))}</span>}
      <span className="output-stream">{stream === 'stderr' ? 'err' : 'out'}</span>
      <span className="output-text">
        {markMatches(partsOf(line), query).map((part, each) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of a line have no other identity
          <Part key={each} part={part} />
        ))}
        {'\n'}
      </span>
    </div>
  );
}

function Part({ part: { text, style, marked } }: { readonly part: MarkedPart }): JSX.Element {
  const className = classOf(style);
  if (marked) return <mark className={className}>{text}</mark>;
  return <span className={className === '' ? undefined : className}>{text}</span>;
}

function classOf({ text, background, bold, dim, italic, underline, strike, inverse }: AnsiStyle): string {
  return [
    // On a coloured background the text keeps the default colour, so that it is readable on all of them.
    background === undefined ? text !== undefined && `output-ansi-${text}` : `output-ansi-on-${background}`,
    bold && 'output-ansi-bold',
    dim && background === undefined && 'output-ansi-dim',
    italic && 'output-ansi-italic',
    underline && 'output-ansi-underline',
    strike && 'output-ansi-strike',
    inverse && 'output-ansi-inverse',
  ]
    .filter(Boolean)
    .join(' ');
}
