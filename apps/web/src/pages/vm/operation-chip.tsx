import type { JSX } from 'react';
import { Link } from 'react-router';
import { useOperations } from '../../live/use-operations.ts';

/** The operation that works on a VM now: its step, and how far it is. */
export function OperationChip({ id }: { readonly id: string }): JSX.Element {
  const operation = useOperations().data?.operations.find((each) => each.id === id);
  const progress = operation?.progress;
  return (
    <Link to={`/operations?id=${id}`} className="operation-chip">
      {operation === undefined || operation.stage === '' ? 'working' : operation.stage}
      {progress !== undefined && <span className="number">{Math.round(progress * 100)} %</span>}
    </Link>
  );
}
