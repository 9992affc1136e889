import type { Telemetry } from '@innkeeper/contract/agent';
import type { Event } from '@innkeeper/contract/control';
import { pause } from '@innkeeper/kit';
import { abortError } from '../abort-error.ts';
import { isLoss } from '../resume.ts';
import { type CallOptions, callOptions } from '../services.ts';
import { timers } from '../time-and-chance.ts';
import type { VmBackend } from './vm-backend.ts';

/** How often the daemon is asked for new events. */
const askEveryMs = 1000;
const maxEvents = 1000;

export interface VmEventsOptions {
  /** Events that were there already come first, oldest first; at most 1,000. Default: 0. */
  readonly past?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What happens to a VM, oldest first, within a second or so; over restarts of the daemon too. Ends when the reader leaves;
 * rejects with VM_NOT_FOUND, also once the VM is deleted, and with CANCELED. More than 1,000 in a second are cut.
 */
export async function* vmEvents(
  { vms }: VmBackend,
  vm: string,
  { past = 0, signal }: VmEventsOptions = {},
): AsyncGenerator<Event, void, undefined> {
  let lastId: bigint | undefined;
  for (;;) {
    try {
      const { events } = await vms.listEvents({ vm, limit: maxEvents }, callOptions({ signal }));
      const oldestFirst = events.toReversed();
      const after = lastId;
      lastId = oldestFirst.at(-1)?.id ?? lastId ?? 0n;
      yield* after === undefined
        ? oldestFirst.slice(Math.max(0, oldestFirst.length - past))
        : oldestFirst.filter(({ id }) => id > after);
    } catch (error) {
      // It goes on once the daemon is back; one that was never there is not waited for.
      if (lastId === undefined || !isLoss(error)) throw error;
    }
    await pause(timers, askEveryMs, signal);
    if (signal?.aborted === true) throw abortError(signal);
  }
}

/** What the agent of a VM reports, as it comes; ends when the VM is deleted or the reader leaves. */
export async function* vmTelemetry(
  { vms }: VmBackend,
  vm: string,
  options: CallOptions = {},
): AsyncGenerator<Telemetry, void, undefined> {
  let takenNs: bigint | undefined;
  for await (const { telemetry, agent } of vms.watchVm({ vm }, callOptions(options))) {
    if (telemetry === undefined || agent?.telemetryUnixNs === takenNs) continue;
    takenNs = agent?.telemetryUnixNs;
    yield telemetry;
  }
}
