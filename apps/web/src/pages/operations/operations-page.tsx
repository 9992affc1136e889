import { type Operation, OperationState } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { useSearchParams } from 'react-router';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Page } from '../../components/page.tsx';
import { useOperations } from '../../live/use-operations.ts';
import { OperationItem } from './operation-item.tsx';

/** All operations with progress and log. The one in the address is expanded. */
export function OperationsPage(): JSX.Element {
  const { data, error } = useOperations();
  const [parameters, setParameters] = useSearchParams();
  const openId = parameters.get('id');
  const toggle = ({ id }: Operation): void => setParameters(id === openId ? {} : { id }, { replace: true });
  const operations = data?.operations ?? [];
  const running = operations.filter(({ state }) => state === OperationState.RUNNING).length;
  return (
    <Page title="Operations" aside={running > 0 && <span className="dim number">{running} running</span>}>
      {error !== undefined && <ErrorNote title="The operations could not be loaded" error={error} />}
      {data !== undefined && operations.length === 0 && (
        <EmptyState title="No operations yet">
          Operations such as creating and starting VMs or building images are listed here for a week, with progress and
          log.
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
