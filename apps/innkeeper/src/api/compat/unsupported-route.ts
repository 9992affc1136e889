import { OperationError } from '@innkeeper/contract';
import type { HttpExchange } from '../exchange.ts';

/**
 * POST /api/vms/{vm}/quiesce, thaw and sync-time: what the agent cannot do yet is refused with a stable reason, never
 * answered as if it had been done. A snapshot that relied on it would be torn.
 */
export async function unsupportedRoute({ vm, request }: HttpExchange): Promise<void> {
  const what = (request.url ?? '').split('?', 1)[0]?.split('/').at(-1);
  throw new OperationError('UNSUPPORTED_BY_AGENT', `The agent of "${vm.name}" cannot do "${what}".`);
}
