import type { MessageInitShape } from '@bufbuild/protobuf';
import { type AgentLink, hostClock } from '@innkeeper/agent-client';
import { SystemServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import type { ClockSyncSchema } from '@innkeeper/contract/control';
import { OperationError } from '@innkeeper/contract/errors';
import { isClockTime } from '@innkeeper/contract/limits';

const nsPerMs = 1_000_000n;
/** A reading that takes longer says too little about the guest's clock. */
const maxRoundTripMs = 2_000n;
/** A clock that differs by more is set from the node's, after the guest's own time service had its chance. */
const setBeyondNs = 50n * nsPerMs;
/** The same for a service that says it is synchronized: the node's clock need not be the better one. */
const trustUpToNs = 1_000n * nsPerMs;

/**
 * Sets a guest's clock: to `setUnixNs`, or else by the guest's time service and, where that does not suffice, to the
 * node's. Steps are relative, so that a request that arrives late does not set a wrong time. Fails with
 * DEADLINE_EXCEEDED if the guest takes more than 2 s to read its clock, and with INVALID_ARGUMENT for a time before 1970 or
 * after 2116.
 */
export async function syncClock(
  agent: AgentLink,
  setUnixNs: bigint | undefined,
  signal: AbortSignal | undefined,
): Promise<MessageInitShape<typeof ClockSyncSchema> & { readonly residualNs: bigint; readonly targetNs: bigint }> {
  if (setUnixNs !== undefined && !isClockTime(setUnixNs))
    throw new OperationError('INVALID_ARGUMENT', 'The time must be from 1970 to 2116.');
  // Target and offsets are relative to the node's clock, which runs on meanwhile.
  const targetNs = setUnixNs === undefined ? 0n : setUnixNs - hostClock.wallNs();
  const offsetOf = async (stepNs: bigint): Promise<bigint> => (await measure(agent, stepNs, signal)) - targetNs;
  const offsetNs = await offsetOf(0n);
  const asked =
    setUnixNs === undefined && agent.capabilities.has('system')
      ? await agent.call(SystemServiceLite.syncClock, {}, { signal })
      : undefined;
  const service = asked?.service ?? '';
  const left = service === '' ? offsetNs : await offsetOf(0n);
  const isSet = asked?.synchronized === true ? isWithin(left, trustUpToNs) : isWithin(left, setBeyondNs);
  const residualNs = isSet ? left : await offsetOf(-left);
  const host = setUnixNs === undefined ? 'the host' : 'the request';
  return {
    offsetNs,
    residualNs,
    targetNs,
    guestUnixNs: hostClock.wallNs() + targetNs + residualNs,
    source: isSet && asked?.synchronized === true ? service : host,
    service,
    serviceError: asked?.detail ?? '',
  };
}

/** The guest's clock minus the node's after a step. */
async function measure(agent: AgentLink, stepNs: bigint, signal: AbortSignal | undefined): Promise<bigint> {
  const start = hostClock.wallNs();
  const { wallTimeUnixNs } = await agent.call(TelemetryServiceLite.adjustClock, { stepNs }, { signal });
  const end = hostClock.wallNs();
  if (end - start > maxRoundTripMs * nsPerMs)
    throw new OperationError('DEADLINE_EXCEEDED', 'The guest took more than 2 s to read its clock.');
  return wallTimeUnixNs - (start + end) / 2n;
}

function isWithin(offsetNs: bigint, boundNs: bigint): boolean {
  return offsetNs <= boundNs && offsetNs >= -boundNs;
}
