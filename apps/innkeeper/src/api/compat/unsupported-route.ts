import { OperationError } from '@innkeeper/contract';
import type { HttpApiContext } from '../api-context.ts';

/**
 * POST /api/vms/{vm}/quiesce, thaw and sync-time: the agent cannot do these yet. They are refused with a stable reason
 * instead of pretending success, since a snapshot that relied on it would be inconsistent.
 */
export async function unsupportedRoute({ vm, request }: HttpApiContext): Promise<void> {
  const what = (request.url ?? '').split('?', 1)[0]?.split('/').at(-1);
  throw new OperationError('UNSUPPORTED_BY_AGENT', `The agent of "${vm.name}" does not support "${what}".`);
}
