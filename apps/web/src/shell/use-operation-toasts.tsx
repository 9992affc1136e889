import { type Operation, OperationState } from '@innkeeper/contract/control';
import { useEffect, useRef } from 'react';
import { operationTitle } from '../components/operation-title.ts';
import { showToast } from '../components/toasts.tsx';

/** Shows a toast for each operation that ends while this page is open, whoever started it. */
export function useOperationToasts(operations: readonly Operation[] | undefined): void {
  const known = useRef<Map<string, OperationState>>(undefined);
  useEffect(() => {
    if (operations === undefined) return;
    const before = known.current;
    known.current = new Map(operations.map(({ id, state }) => [id, state]));
    // Operations that ended before this page was opened are not reported.
    if (before === undefined) return;
    for (const operation of operations) {
      const wasRunning = before.get(operation.id) === OperationState.RUNNING || !before.has(operation.id);
      if (wasRunning && operation.state !== OperationState.RUNNING) notify(operation);
    }
  }, [operations]);
}

function notify(operation: Operation): void {
  const title = operationTitle(operation);
  const id = `operation ${operation.id}`;
  if (operation.state === OperationState.SUCCEEDED) showToast({ id, tone: 'ok', title });
  else if (operation.state === OperationState.CANCELED) showToast({ id, tone: 'ok', title: `${title}: cancelled` });
  else {
    const body = (
      <>
        <div>{operation.errorMessage}</div>
        <div className="dim">{operation.errorNextStep}</div>
      </>
    );
    showToast({ id, tone: 'bad', title: `${title}: failed`, body });
  }
}
