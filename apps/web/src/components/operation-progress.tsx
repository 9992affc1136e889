import type { Operation } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { operationTitle } from './operation-title.ts';

/** How far a running operation is, as a bar. */
export function OperationProgress({ operation }: { readonly operation: Operation }): JSX.Element {
  const { progress } = operation;
  return (
    <div
      className="operation-progress"
      role="progressbar"
      aria-label={operationTitle(operation)}
      aria-valuenow={progress === undefined ? undefined : Math.round(progress * 100)}
    >
      <span style={{ width: `${(progress ?? 0.03) * 100}%` }} />
    </div>
  );
}

/** The step that a running operation is at: "sending the agent 40 %". */
export function stageText({ stage, progress }: Operation): string {
  return progress === undefined ? stage : `${stage} ${Math.round(progress * 100)} %`;
}
