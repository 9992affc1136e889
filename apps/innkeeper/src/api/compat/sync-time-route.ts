import { OperationError } from '@innkeeper/contract/errors';
import type { HttpApiContext } from '../api-context.ts';
import { answerJson } from './execute-route.ts';
import { JsonBody } from './json-body.ts';

const nsPerMs = 1_000_000n;

/** POST /api/vms/{vm}/sync-time: SyncClock, to `set_time` if it is given. */
export async function syncTimeRoute({ vm, call, request, response, signal }: HttpApiContext): Promise<void> {
  const body = await JsonBody.read(request, signal);
  const wanted = body.text('setTime');
  const wantedMs = wanted === '' ? undefined : Date.parse(wanted);
  if (Number.isNaN(wantedMs)) throw new OperationError('INVALID_ARGUMENT', 'setTime must be a time as in RFC 3339.');
  call.note({ setTime: wanted });
  await call.intend();
  const set = await vm.syncClock(wantedMs === undefined ? undefined : BigInt(wantedMs) * nsPerMs, { signal });
  answerJson(response, {
    success: true,
    // How far the clock was off, and is now.
    offsetSeconds: seconds(set.offsetNs),
    residualSeconds: seconds(set.residualNs),
    currentTime: new Date(Number(set.guestUnixNs / nsPerMs)).toISOString(),
    timeSource: set.source,
    error: '',
  });
}

function seconds(ns: bigint): number {
  return Number(ns / 1000n) / 1e6;
}
