import type { System, Telemetry } from '@innkeeper/contract/agent';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import type { Log } from '@innkeeper/kit';
import { type AgentMessageReply, agentReadyEvent, telemetryEvent } from '@innkeeper/wire';
import type { Dispatcher } from '../dispatch.ts';
import { telemetryIntervalMs } from './limits.ts';
import type { ReplyWriter } from './reply-writer.ts';

export interface ReportEventsOptions {
  readonly dispatcher: Dispatcher;
  readonly writer: ReplyWriter;
  readonly log: Log;
  /** Makes the message_id of an event. */
  freshId(): string;
  readonly signal: AbortSignal;
}

const { getSystem, watch } = TelemetryServiceLite;

/**
 * Says agent_ready, and then telemetry with every report of Watch, until `signal` is aborted. A report that comes while
 * the peer has not read the last message is left out. Never rejects.
 */
export async function reportEvents(options: ReportEventsOptions): Promise<void> {
  const { dispatcher, log, signal } = options;
  try {
    const system = await readSystem(options);
    let ready = false;
    const sink = async (body: Uint8Array): Promise<void> => {
      const telemetry: Telemetry = liteDecode(watch.output, body);
      if (!ready) send(options, agentReadyEvent(system, telemetry));
      if (!ready || options.writer.unsent === 0) send(options, telemetryEvent(telemetry, system.hostname));
      ready = true;
    };
    const request = liteEncode(watch.input, { intervalMs: telemetryIntervalMs });
    await dispatcher.call(watch.name, only(request), sink, { signal, timeoutMs: 0 });
  } catch (error) {
    // Requests are served all the same.
    if (!signal.aborted) log.warn('agent-message.no-events', { error: String(error) });
  }
}

async function readSystem(options: ReportEventsOptions): Promise<System> {
  let system: System | undefined;
  const request = liteEncode(getSystem.input, {});
  const sink = async (body: Uint8Array): Promise<void> => {
    system = liteDecode(getSystem.output, body);
  };
  await options.dispatcher.call(getSystem.name, only(request), sink, { signal: options.signal, timeoutMs: 30_000 });
  if (system === undefined) throw new Error('GetSystem gave no answer.');
  return system;
}

function send(options: ReportEventsOptions, event: AgentMessageReply): void {
  options.writer.send(event, options.freshId()).catch((error: unknown) => {
    // The channel is gone, which the session's reader finds as well and acts upon.
    options.log.debug('agent-message.unsent', { error: String(error) });
  });
}

async function* only(body: Uint8Array): AsyncIterable<Uint8Array> {
  yield body;
}
