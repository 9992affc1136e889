import { type Run, RunState } from '@innkeeper/contract/control';
import { type JSX, useEffect, useRef, useState } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import { ErrorNote } from '../../components/error-note.tsx';
import { Page } from '../../components/page.tsx';
import { TimeAgo } from '../../components/time-ago.tsx';
import { Elapsed } from './elapsed.tsx';
import { OutputPanel } from './output/output-panel.tsx';
import { type FollowedRun, useRun } from './output/use-run.ts';
import { RunActions } from './run-actions.tsx';
import { RunStateBadge } from './run-state-badge.tsx';
import { SpecCard } from './spec-card.tsx';
import { TargetList } from './target-list.tsx';
import { endAnnouncement, isOver } from './target-outcome.ts';
import { TargetSummary } from './target-summary.tsx';

const justEndedMs = 10_000;

/** One run, live: the command, the result on each VM, and the output. The selected target is in the address. */
export function RunPage(): JSX.Element {
  const { id = '' } = useParams();
  return <RunLoader key={id} id={id} />;
}

function RunLoader({ id }: { readonly id: string }): JSX.Element {
  const followed = useRun(id);
  const { run, error, refetch } = followed;
  if (run !== undefined) return <RunView run={run} followed={followed} />;
  return (
    <Page title="Run">
      {error === null ? (
        <p className="dim" role="status">
          Loading the run.
        </p>
      ) : (
        <>
          <ErrorNote title="The run could not be loaded" error={error} onRetry={refetch} />
          <p>
            <Link to="/runs">All runs</Link>
          </p>
        </>
      )}
    </Page>
  );
}

function RunView({ run, followed }: { readonly run: Run; readonly followed: FollowedRun }): JSX.Element {
  const { id, spec, state, user, startedUnixNs, endedUnixNs, targets } = run;
  const { feed, version, outputError } = followed;
  const [parameters] = useSearchParams();
  const first = useFirstTarget(run);
  const wanted = parameters.get('vm');
  const target = targets.find(({ vmName, vmId }) => vmName === wanted || vmId === wanted) ?? first;
  const title = spec?.title === '' || spec === undefined ? 'Run' : spec.title;
  return (
    <Page
      title={title}
      windowTitle={`${isOver(state) ? (state === RunState.SUCCEEDED ? '✓' : '✗') : '…'} ${title}`}
      fill
      aside={<RunStateBadge state={state} />}
      actions={<RunActions run={run} target={target} />}
    >
      <p className="run-facts dim">
        <span>
          by <Link to={`/runs?user=${encodeURIComponent(user)}`}>{user}</Link>
        </span>
        <TimeAgo unixNs={startedUnixNs} />
        <span>
          {endedUnixNs === undefined ? 'for ' : 'took '}
          <Elapsed startedUnixNs={startedUnixNs} endedUnixNs={endedUnixNs} />
        </span>
        <EndAnnouncer run={run} />
      </p>
      {spec !== undefined && <SpecCard spec={spec} />}
      <div className={targets.length > 1 ? 'run-parts many' : 'run-parts'}>
        {targets.length > 1 && <TargetList runId={id} targets={targets} shown={target?.vmId ?? ''} />}
        {target !== undefined && (
          <div className="run-part">
            <TargetSummary target={target} spec={spec} />
            <OutputPanel
              key={target.vmId}
              runId={id}
              target={target}
              buffer={feed.output(target.vmId)}
              version={version}
              complete={feed.isComplete(target.vmId)}
              error={outputError}
            />
          </div>
        )}
      </div>
    </Page>
  );
}

/** The target shown by default: the first failed one if the run has ended, else the first. It does not change later. */
function useFirstTarget({ state, targets }: Run): Run['targets'][number] | undefined {
  const [id] = useState(
    () => (isOver(state) ? targets.find((target) => target.state === RunState.FAILED) : undefined)?.vmId,
  );
  return targets.find(({ vmId }) => vmId === id) ?? targets[0];
}

/** Announces the result of a run to screen readers when it ends. */
function EndAnnouncer({ run }: { readonly run: Run }): JSX.Element {
  const wasRunning = useRef(false);
  const [text, setText] = useState('');
  useEffect(() => {
    if (!isOver(run.state)) wasRunning.current = true;
    // A short run may have ended before its page was loaded.
    else if (wasRunning.current || Date.now() - Number((run.endedUnixNs ?? 0n) / 1_000_000n) < justEndedMs)
      setText(endAnnouncement(run));
  }, [run]);
  return (
    <span role="status" className="visually-hidden">
      {text}
    </span>
  );
}
