import type { ListOperationsResponse } from '@innkeeper/contract/control';
import { type Live, useLive } from './use-live.ts';

/** The newest 100 operations, live. All users of this hook share one topic. */
export function useOperations(): Live<ListOperationsResponse> {
  return useLive('operations', { case: 'operations', value: { limit: 100 } }, 'operations');
}
