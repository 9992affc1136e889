import type { OperationError } from '@innkeeper/contract';
import { RunState, type RunTarget } from '@innkeeper/contract/control';
import { type JSX, useDeferredValue, useMemo, useState } from 'react';
import { ErrorNote } from '../../../components/error-note.tsx';
import { isOver } from '../target-outcome.ts';
import { LineBlocks } from './line-blocks.ts';
import { findLines } from './mark-matches.ts';
import type { OutputBuffer, StreamView } from './output-buffer.ts';
import { OutputLines } from './output-lines.tsx';
import { OutputTools } from './output-tools.tsx';

export interface OutputPanelProps {
  readonly runId: string;
  readonly target: RunTarget;
  /** Undefined before the first output. */
  readonly buffer: OutputBuffer | undefined;
  /** Changes with each chunk of output. */
  readonly version: number;
  /** All output was received. */
  readonly complete: boolean;
  /** Why the output cannot be shown. */
  readonly error: OperationError | undefined;
}

const noBlocks = new LineBlocks();

/** The output of one target, live. */
export function OutputPanel(props: OutputPanelProps): JSX.Element {
  const { runId, target, buffer, version, complete, error } = props;
  const [view, setView] = useState<StreamView>('both');
  const [query, setQuery] = useState('');
  const [at, setAt] = useState<number>();
  const [times, setTimes] = useState(false);
  const [wrap, setWrap] = useState(true);
  const [follow, setFollow] = useState(true);
  const blocks = buffer?.blocks(view) ?? noBlocks;
  // The search may lag behind new output.
  const searched = useDeferredValue(version);
  const sought = useDeferredValue(query);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the blocks object stays the same and changes internally with the version
  const found = useMemo(() => findLines(blocks, sought), [blocks, sought, searched]);
  const current = at === undefined ? undefined : found[at];
  const count = (each: StreamView): number => buffer?.blocks(each).end ?? 0;
  const move = (by: 1 | -1): void => {
    // Enter right after the last letter applies to the typed query.
    const { length } = sought === query ? found : findLines(blocks, query);
    if (length === 0) return;
    setFollow(false);
    setAt((before) => (before === undefined ? (by > 0 ? 0 : length - 1) : (before + by + length) % length));
  };
  if (error !== undefined) return <ErrorNote title="The output could not be loaded" error={error} />;
  if (complete && count('both') === 0)
    return <p className="card output-none dim">{emptyText(target, view, complete, 0)}</p>;
  return (
    <section className="card output-panel" aria-label="Output">
      <OutputTools
        view={view}
        times={times}
        wrap={wrap}
        follow={follow}
        live={!complete}
        counts={{ both: count('both'), stdout: count('stdout'), stderr: count('stderr') }}
        onView={(next) => {
          setView(next);
          setAt(undefined);
        }}
        search={{
          query,
          found: found.length,
          at: current === undefined ? undefined : at,
          onMove: move,
          onQuery: (next) => {
            setQuery(next);
            setAt(undefined);
          },
        }}
        onTimes={setTimes}
        onWrap={setWrap}
        onFollow={setFollow}
        download={(stream) =>
          `/v1/runs/${encodeURIComponent(runId)}/output?${new URLSearchParams({ vm: target.vmId, stream })}`
        }
      />
      {blocks.end === 0 ? (
        <p className="output-none dim">{emptyText(target, view, complete, count('both'))}</p>
      ) : (
        <OutputLines
          key={view}
          label={`Output of ${target.vmName}`}
          blocks={blocks}
          query={sought}
          times={times}
          wrap={wrap}
          follow={follow}
          current={current}
          droppedLines={buffer?.droppedLines ?? 0}
          live={!complete}
          onFollow={setFollow}
        />
      )}
    </section>
  );
}

function emptyText(target: RunTarget, view: StreamView, complete: boolean, lines: number): string {
  if (lines > 0) return complete ? `No output on ${view}.` : `No output on ${view} yet.`;
  if (complete) return target.errorReason === '' ? 'No output.' : 'No output, because the command did not run.';
  if (isOver(target.state)) return 'Loading the output.';
  return target.state === RunState.WAITING ? 'Waiting for its turn.' : 'No output yet.';
}
