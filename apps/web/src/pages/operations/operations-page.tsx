import { type Operation, OperationState } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { useSearchParams } from 'react-router';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Page } from '../../components/page.tsx';
import { useOperations } from '../../live/use-operations.ts';
import { OperationItem } from './operation-item.tsx';

/** Everything slow, with its progress and log. The one in the address is open. */
export function OperationsPage(): JSX.Element {
  const { data, error } = useOperations();
  const [parameters, setParameters] = useSearchParams();
  const openId = parameters.get('id');
  const toggle = ({ id }: Operation): void => setParameters(id === openId ? {} : { id }, { replace: true });
  const operations = data?.operations ?? [];
  const running = operations.filter(({ state }) => state === OperationState.RUNNING).length;
  return (
    <Page title="Operations" beside={running > 0 && <span className="dim number">{running} running</span>}>
      {error !== undefined && <ErrorNote title="The operations cannot be listed" error={error} />}
      {data !== undefined && operations.length === 0 && (
        <EmptyState title="Nothing was done yet">
          Creating, starting and stopping VMs and building images show here, with their progress and log, for a week.
        </EmptyState>
      )}
      {operations.length > 0 && (
        <ul className="card operations">
          {operations.map((operation) => (
            <OperationItem
              key={operation.id}
              operation={operation}
              open={operation.id === openId}
              onToggle={() => toggle(operation)}
            />
          ))}
        </ul>
      )}
    </Page>
  );
}
