import type { Telemetry } from '@innkeeper/contract/agent';
import type { Event } from '@innkeeper/contract/control';
import { pause } from '@innkeeper/kit';
import { abortError } from '../abort-error.ts';
import { isLoss } from '../resume.ts';
import { type CallOptions, callOptions } from '../services.ts';
import { timers } from '../time-and-chance.ts';
import type { VmBackend } from './vm-backend.ts';

/** Milliseconds between polls of the daemon. */
const pollEveryMs = 1000;
const maxEvents = 1000;

export interface VmEventsOptions {
  /** Number of past events to start with, oldest first; at most 1,000. Default: 0. */
  readonly past?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Yields the events of a VM, oldest first, within about a second, also across restarts of the daemon. Rejects with
 * VM_NOT_FOUND, also once the VM is deleted, and with CANCELED. Of more than 1,000 events in one second, the oldest are
 * dropped.
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
      // Continues once the daemon is back. A daemon that was never reachable is an error.
      if (lastId === undefined || !isLoss(error)) throw error;
    }
    await pause(timers, pollEveryMs, signal);
    if (signal?.aborted === true) throw abortError(signal);
  }
}

/** Yields the agent's telemetry reports of a VM as they arrive; ends when the VM is deleted. */
export async function* vmTelemetry(
  { vms }: VmBackend,
  vm: string,
  options: CallOptions = {},
): AsyncGenerator<Telemetry, void, undefined> {
  let lastReportNs: bigint | undefined;
  for await (const { telemetry, agent } of vms.watchVm({ vm }, callOptions(options))) {
    if (telemetry === undefined || agent?.telemetryUnixNs === lastReportNs) continue;
    lastReportNs = agent?.telemetryUnixNs;
    yield telemetry;
  }
}
