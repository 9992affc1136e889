import { type Run, RunState } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Link } from 'react-router';
import { runPath } from '../../components/run-path.ts';
import { TimeAgo } from '../../components/time-ago.tsx';
import { vmPath } from '../../components/vm-path.ts';
import { Elapsed } from './elapsed.tsx';
import { RunStateBadge } from './run-state-badge.tsx';
import { countStates, outcomeText } from './target-outcome.ts';

export interface RunListProps {
  readonly runs: readonly Run[];
  /** The VM on whose page the list is: its result is shown, without its name. */
  readonly vmId?: string;
}

/** Runs, newest first: command, result, VMs, user, time and duration. */
export function RunList({ runs, vmId }: RunListProps): JSX.Element {
  return (
    <ul className="card run-list">
      {runs.map((run) => (
        <RunItem key={run.id} run={run} vmId={vmId} />
      ))}
    </ul>
  );
}

function RunItem({ run, vmId }: { readonly run: Run; readonly vmId: string | undefined }): JSX.Element {
  const { id, spec, state, user, targets, startedUnixNs, endedUnixNs } = run;
  const own = targets.find((target) => target.vmId === vmId);
  return (
    <li className="run-item">
      <RunStateBadge state={own?.state ?? state} />
      <span className="run-item-what">
        <Link
          data-list-item
          to={runPath(id, own !== undefined && targets.length > 1 ? own.vmName : undefined)}
          className="ellipsis"
        >
          {spec?.title || 'Run'}
        </Link>
        <span className="run-item-where dim ellipsis">
          <RunTargets run={run} vmId={vmId} />
        </span>
      </span>
      <span className="run-item-who ellipsis">{user}</span>
      <span className="run-item-when dim">
        <TimeAgo unixNs={startedUnixNs} />
      </span>
      <span className="run-item-time dim">
        <Elapsed startedUnixNs={startedUnixNs} endedUnixNs={endedUnixNs} />
      </span>
    </li>
  );
}

function RunTargets({
  run: { targets },
  vmId,
}: {
  readonly run: Run;
  readonly vmId: string | undefined;
}): JSX.Element | string {
  const own = targets.find((target) => target.vmId === vmId);
  const [only, ...others] = targets;
  if (own !== undefined) {
    const also = targets.length > 1 ? `with ${targets.length - 1} more` : '';
    return [ending(own), also].filter(Boolean).join(' · ') || 'exit code 0';
  }
  if (only === undefined) return 'no VM';
  if (others.length > 0) {
    const counts = countStates(targets).map(({ word, count }) => `${count} ${word}`);
    return `${targets.length} VMs: ${counts.join(', ')}`;
  }
  const end = ending(only);
  return (
    <>
      <Link to={vmPath(only.vmName)}>{only.vmName}</Link>
      {end !== '' && ` · ${end}`}
    </>
  );
}

function ending(target: Run['targets'][number]): string {
  if (target.errorReason !== '') return target.errorMessage;
  return target.state === RunState.SUCCEEDED ? '' : (outcomeText(target) ?? '');
}
