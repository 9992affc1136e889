import { RunState, type RunTarget } from '@innkeeper/contract/control';
import { type JSX, memo, useState } from 'react';
import { Link } from 'react-router';
import { runPath } from '../../components/run-path.ts';
import { Elapsed } from './elapsed.tsx';
import { RunStateBadge } from './run-state-badge.tsx';
import { countStates, outcomeText } from './target-outcome.ts';

export interface TargetListProps {
  readonly runId: string;
  readonly targets: readonly RunTarget[];
  /** Id of the target whose output is shown. */
  readonly shown: string;
}

/** The VMs of a run with the result on each; the selected one is in the address. */
export const TargetList = memo(function TargetList({ runId, targets, shown }: TargetListProps): JSX.Element {
  const [state, setState] = useState<RunState>();
  const counts = countStates(targets);
  const kept = counts.some((each) => each.state === state) ? state : undefined;
  return (
    <section className="card run-targets" aria-label="Targets">
      <div className="run-target-filters" role="toolbar" aria-label="Filter targets by state">
        <button type="button" aria-pressed={kept === undefined} onClick={() => setState(undefined)}>
          all <span className="number">{targets.length}</span>
        </button>
        {counts.length > 1 &&
          counts.map(({ state: each, word, count }) => (
            <button key={word} type="button" aria-pressed={kept === each} onClick={() => setState(each)}>
              {word} <span className="number">{count}</span>
            </button>
          ))}
      </div>
      <ul>
        {targets
          .filter((target) => kept === undefined || target.state === kept)
          .map((target) => (
            <li key={target.vmId}>
              <Link
                to={runPath(runId, target.vmName)}
                replace
                className="run-target"
                aria-current={target.vmId === shown ? 'true' : undefined}
              >
                <span className="run-target-name ellipsis">{target.vmName}</span>
                <RunStateBadge state={target.state} />
                <span className="run-target-outcome dim ellipsis">{briefOutcome(target)}</span>
                <span className="run-target-time dim">
                  <Elapsed {...target} />
                </span>
              </Link>
            </li>
          ))}
      </ul>
    </section>
  );
});

function briefOutcome(target: RunTarget): string {
  if (target.errorReason !== '') return target.errorMessage;
  return target.state === RunState.SUCCEEDED ? '' : (outcomeText(target) ?? '');
}
