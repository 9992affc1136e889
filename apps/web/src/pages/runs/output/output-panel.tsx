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
  /** Undefined before the first piece. */
  readonly buffer: OutputBuffer | undefined;
  /** Changes with each piece. */
  readonly version: number;
  /** All of it is here, and no more comes. */
  readonly complete: boolean;
  /** Why it is not shown. */
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
  // What is searched may lag behind what comes.
  const searched = useDeferredValue(version);
  const sought = useDeferredValue(query);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the blocks are the same ones and change inside with the version
  const found = useMemo(() => findLines(blocks, sought), [blocks, sought, searched]);
  const current = at === undefined ? undefined : found[at];
  const count = (each: StreamView): number => buffer?.blocks(each).end ?? 0;
  const move = (by: 1 | -1): void => {
    // Enter right after the last letter is meant for what was typed.
    const { length } = sought === query ? found : findLines(blocks, query);
    if (length === 0) return;
    setFollow(false);
    setAt((before) => (before === undefined ? (by > 0 ? 0 : length - 1) : (before + by + length) % length));
  };
  if (error !== undefined) return <ErrorNote title="The output cannot be shown" error={error} />;
  if (complete && count('both') === 0)
    return <p className="card output-none dim">{emptyText(target, view, complete, 0)}</p>;
  return (
    <section className="card output-panel" aria-label="Output">
      <OutputTools
        {...{ view, times, wrap, follow }}
        live={!complete}
        counts={{ both: count('both'), stdout: count('stdout'), stderr: count('stderr') }}
        onView={(next) => {
          setView(next);
          setAt(undefined);
        }}
        search={{
          ...{ query, found: found.length, at: current === undefined ? undefined : at, onMove: move },
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
          {...{ blocks, query: sought, times, wrap, follow, current }}
          droppedLines={buffer?.droppedLines ?? 0}
          live={!complete}
          onFollow={setFollow}
        />
      )}
    </section>
  );
}

function emptyText(target: RunTarget, view: StreamView, complete: boolean, lines: number): string {
  if (lines > 0) return `Nothing was written to ${view} yet.`.replace(complete ? ' yet' : '', '');
  if (complete) return target.errorReason === '' ? 'It wrote nothing.' : 'It wrote nothing, for it did not run.';
  if (isOver(target.state)) return 'The output is on its way.';
  return target.state === RunState.WAITING ? 'It waits for its turn.' : 'It has written nothing yet.';
}
