import { OperationState } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Link } from 'react-router';
import { Icon } from '../components/icon.tsx';
import { useOperations } from '../live/use-operations.ts';
import { useOperationToasts } from './use-operation-toasts.ts';

/** The number of running operations, as a link to their list. Also shows a toast when one ends. */
export function OperationsIndicator(): JSX.Element {
  const { data } = useOperations();
  useOperationToasts(data?.operations);
  const running = data?.operations.filter(({ state }) => state === OperationState.RUNNING).length ?? 0;
  const text = running === 0 ? 'none running' : `${running} running`;
  return (
    <Link
      to="/operations"
      className="icon-button operations-indicator"
      aria-label={`Operations: ${text}`}
      data-hint={`Operations: ${text}`}
    >
      <Icon name="operations" />
      {running > 0 && (
        <span className="operations-count number" aria-hidden="true">
          {running}
        </span>
      )}
    </Link>
  );
}
