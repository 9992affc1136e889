import { OperationError } from '@innkeeper/contract';
import type { RunSpec, RunTarget } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Link } from 'react-router';
import { ErrorNote } from '../../components/error-note.tsx';
import { vmPath } from '../../components/vm-path.ts';
import { formatBytes } from '../../format/format-bytes.ts';
import { Elapsed } from './elapsed.tsx';
import { RunStateBadge } from './run-state-badge.tsx';
import { outcomeHint, outcomeText } from './target-outcome.ts';

/** The result on one VM: state, exit code or signal, duration, resource usage, and truncated output. */
export function TargetSummary({
  target,
  spec,
}: {
  readonly target: RunTarget;
  readonly spec: RunSpec | undefined;
}): JSX.Element {
  const { vmName, state, exited, errorReason, errorMessage, errorNextStep, keptBytes } = target;
  const outcome = outcomeText(target);
  const hint = outcomeHint(target);
  const cpuUs = (exited?.userTimeUs ?? 0n) + (exited?.systemTimeUs ?? 0n);
  return (
    <>
      <div className="target-summary">
        <Link to={vmPath(vmName)} className="target-summary-name">
          {vmName}
        </Link>
        <RunStateBadge state={state} />
        {outcome !== undefined && (
          <span className={exited?.status.case === 'exitCode' && exited.status.value === 0 ? 'dim' : undefined}>
            {outcome}
            {hint !== '' && <span className="dim"> ({hint})</span>}
          </span>
        )}
        {target.startedUnixNs !== undefined && (
          <span className="dim">
            {target.endedUnixNs === undefined ? 'for ' : 'took '}
            <Elapsed {...target} />
          </span>
        )}
        {cpuUs > 0n && (
          <span className="dim number" data-hint="CPU time of the process and the children it waited for">
            CPU {(Number(cpuUs) / 1e6).toFixed(2)} s
          </span>
        )}
        {exited?.maxRssBytes !== undefined && exited.maxRssBytes > 0n && (
          <span className="dim number" data-hint="Peak memory">
            {formatBytes(exited.maxRssBytes)} memory
          </span>
        )}
      </div>
      {errorReason !== '' && (
        <ErrorNote
          title={exited === undefined ? `The run did not start on ${vmName}` : `The run was interrupted on ${vmName}`}
          error={OperationError.fromWire({
            reason: errorReason,
            message: errorMessage,
            nextStep: errorNextStep,
          })}
        />
      )}
      {exited?.truncated === true && (
        <p className="run-note" role="note">
          The output is truncated: {formatBytes(keptBytes)} of {formatBytes(exited.stdoutBytes + exited.stderrBytes)}{' '}
          was kept.
          {(spec?.maxOutputBytes ?? 0n) < 16_777_216n && ' Run it again with a higher limit to keep more.'}
        </p>
      )}
      {exited !== undefined && exited.orphansLeft > 0 && (
        <p className="run-note" role="note">
          {exited.orphansLeft === 1
            ? 'One process that it started was'
            : `${exited.orphansLeft} processes that it started were`}{' '}
          still running when it ended. <Link to={vmPath(vmName, 'processes')}>Processes of {vmName}</Link>
        </p>
      )}
    </>
  );
}
