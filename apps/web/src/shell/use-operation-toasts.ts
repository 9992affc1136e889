import { type Operation, OperationState } from '@innkeeper/contract/control';
import { useEffect, useRef } from 'react';

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
      if (wasRunning && operation.state !== OperationState.RUNNING) void notify(operation);
    }
  }, [operations]);
}

async function notify(operation: Operation): Promise<void> {
  const { notifyOperation } = await import('./notify-operation.ts');
  notifyOperation(operation);
}
