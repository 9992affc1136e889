import { type AgentLink, hostClock } from '@innkeeper/agent-client';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import type { HttpApiContext } from '../api-context.ts';
import { answerJson } from './execute-route.ts';
import { JsonBody } from './json-body.ts';

const nsPerMs = 1_000_000n;
/** A reading that takes longer says too little about the guest's clock. */
const maxRoundTripMs = 2_000;

/** POST /api/vms/{vm}/sync-time: sets the guest's clock to the node's, or to `set_time`. The step is relative. */
export async function syncTimeRoute({ vm, call, request, response, signal }: HttpApiContext): Promise<void> {
  const body = await JsonBody.read(request, signal);
  const wanted = body.text('setTime');
  const wantedMs = wanted === '' ? undefined : Date.parse(wanted);
  if (Number.isNaN(wantedMs)) throw new OperationError('INVALID_ARGUMENT', 'setTime must be a time as in RFC 3339.');
  call.note({ setTime: wanted });
  await call.intend();
  const agent = await vm.agent({ signal });
  const askedNs = hostClock.wallNs();
  const before = await offsetOf(agent, 0n, signal);
  const targetNs = wantedMs === undefined ? 0n : BigInt(wantedMs) * nsPerMs - askedNs;
  const after = await offsetOf(agent, targetNs - before, signal);
  answerJson(response, {
    success: true,
    // How far the clock was off, and is now.
    offsetSeconds: seconds(before - targetNs),
    residualSeconds: seconds(after - targetNs),
    currentTime: new Date(Number((hostClock.wallNs() + after) / nsPerMs)).toISOString(),
    timeSource: wantedMs === undefined ? 'the host' : 'the request',
    error: '',
  });
}

/** The guest's clock minus the host's after a step, in nanoseconds. */
async function offsetOf(agent: AgentLink, stepNs: bigint, signal: AbortSignal): Promise<bigint> {
  const start = hostClock.wallNs();
  const { wallTimeUnixNs } = await agent.call(TelemetryServiceLite.adjustClock, { stepNs }, { signal });
  const end = hostClock.wallNs();
  if (end - start > BigInt(maxRoundTripMs) * nsPerMs)
    throw new OperationError('DEADLINE_EXCEEDED', 'The guest took more than 2 s to read its clock.');
  return wallTimeUnixNs - (start + end) / 2n;
}

function seconds(ns: bigint): number {
  return Number(ns / 1000n) / 1e6;
}
