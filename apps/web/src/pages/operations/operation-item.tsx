import { OperationError } from '@innkeeper/contract';
import { type Operation, OperationState } from '@innkeeper/contract/control';
import { Button } from '@mantine/core';
import { type JSX, useId, useState } from 'react';
import { Link } from 'react-router';
import { api } from '../../api/api.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { OperationProgress, stageText } from '../../components/operation-progress.tsx';
import { operationTitle } from '../../components/operation-title.ts';
import { TimeAgo } from '../../components/time-ago.tsx';
import { showToast } from '../../components/toasts.tsx';
import { Badge } from '../../components/vm-badges.tsx';
import { formatDuration } from '../../format/format-duration.ts';

const states = {
  [OperationState.UNSPECIFIED]: ['idle', 'unknown'],
  [OperationState.RUNNING]: ['busy', 'running'],
  [OperationState.SUCCEEDED]: ['ok', 'done'],
  [OperationState.FAILED]: ['bad', 'failed'],
  [OperationState.CANCELED]: ['warn', 'cancelled'],
} as const satisfies Record<OperationState, readonly [string, string]>;

type KnownState = keyof typeof states;

export interface OperationItemProps {
  readonly operation: Operation;
  readonly open: boolean;
  readonly onToggle: () => void;
}

/** One operation: a line, and when expanded its log, error and cancel button. */
export function OperationItem({ operation, open, onToggle }: OperationItemProps): JSX.Element {
  const { state, startedUnixNs, endedUnixNs } = operation;
  const [tone, word] = states[state in states ? (state as KnownState) : OperationState.UNSPECIFIED];
  const id = useId();
  const running = state === OperationState.RUNNING;
  return (
    <li className="operation">
      <button
        type="button"
        data-list-item
        className="plain-button operation-line"
        aria-expanded={open}
        aria-controls={id}
        onClick={onToggle}
      >
        <Icon name={open ? 'expanded' : 'collapsed'} size={16} />
        <span className="operation-name ellipsis">{operationTitle(operation)}</span>
        <Badge tone={tone}>{word}</Badge>
        <span className="dim ellipsis operation-stage">
          {running && stageText(operation)}
          {!running && endedUnixNs !== undefined && `took ${formatDuration(Number(endedUnixNs - startedUnixNs) / 1e9)}`}
        </span>
        <span className="dim operation-time">
          <TimeAgo unixNs={startedUnixNs} />
        </span>
      </button>
      {running && <OperationProgress operation={operation} />}
      {open && (
        <div id={id} className="operation-detail">
          <OperationDetail operation={operation} />
        </div>
      )}
    </li>
  );
}

function OperationDetail({ operation }: { readonly operation: Operation }): JSX.Element {
  const { id, state, log, vmId, target, cancellable, errorReason, errorMessage, errorNextStep } = operation;
  const [busy, setBusy] = useState(false);
  const cancel = async (): Promise<void> => {
    setBusy(true);
    try {
      await api.operations.cancelOperation({ id });
    } catch (error) {
      showToast({ id: `cancel ${id}`, tone: 'bad', title: `“${operationTitle(operation)}” was not cancelled`, error });
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {state === OperationState.FAILED && (
        <ErrorNote
          title={`${operationTitle(operation)} failed`}
          error={OperationError.fromWire({
            reason: errorReason,
            message: errorMessage,
            nextStep: errorNextStep,
          })}
        />
      )}
      {log.length > 0 ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <pre className="operation-log" tabIndex={0}>
          {log.join('\n')}
        </pre>
      ) : (
        <p className="dim">No log.</p>
      )}
      <div className="row wrap">
        {vmId !== '' && <Link to={`/vms/${vmId}`}>{target}</Link>}
        <InnCommand command={`inn op show ${id}`} />
        {state === OperationState.RUNNING && cancellable && <InnCommand command={`inn op cancel ${id}`} />}
        <span className="grow" />
        {state === OperationState.RUNNING && cancellable && (
          <Button size="xs" variant="default" loading={busy} onClick={() => void cancel()}>
            Cancel
          </Button>
        )}
      </div>
    </>
  );
}
