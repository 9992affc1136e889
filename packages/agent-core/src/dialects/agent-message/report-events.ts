import type { System, Telemetry } from '@innkeeper/contract/agent';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { type Log, linkSignals } from '@innkeeper/kit';
import { type AgentMessageReply, agentReadyEvent, telemetryEvent } from '@innkeeper/wire';
import type { Dispatcher } from '../../dispatch.ts';
import type { ReplyWriter } from '../../serving/reply-writer.ts';

export interface ReportEventsOptions {
  readonly dispatcher: Dispatcher;
  readonly writer: ReplyWriter<AgentMessageReply>;
  readonly log: Log;
  /** Generates the message_id of an event. */
  freshId(): string;
  /** Milliseconds between two reports. */
  readonly intervalMs: number;
  readonly signal: AbortSignal;
}

const { getSystem, watch } = TelemetryServiceLite;

/**
 * Sends agent_ready, and once that has been read, telemetry for every report of Watch, until `signal` is aborted. On a
 * port without a host agent_ready waits, so nothing is sampled without a reader. A report is skipped if the peer has
 * not read the last message. Never rejects.
 */
export async function reportEvents(options: ReportEventsOptions): Promise<void> {
  const { log, signal, writer } = options;
  try {
    const system = await readSystem(options);
    const first = await readOneReport(options);
    await writer.send(agentReadyEvent(system, first), options.freshId());
    await watchTelemetry(options, signal, (telemetry) => {
      if (writer.unsent === 0) send(options, telemetryEvent(telemetry, system.hostname));
    });
  } catch (error) {
    // Requests are still served.
    if (!signal.aborted) log.warn('agent-message.no-events', { error: String(error) });
  }
}

/** The addresses for agent_ready; empty if telemetry fails. */
async function readOneReport(options: ReportEventsOptions): Promise<Telemetry | undefined> {
  const linked = linkSignals(options.signal);
  let report: Telemetry | undefined;
  try {
    await watchTelemetry(options, linked.signal, (telemetry) => {
      report ??= telemetry;
      linked.abort(new OperationError('CANCELED', 'Only one report is needed.'));
    });
  } catch (error) {
    if (report === undefined) options.log.warn('agent-message.no-telemetry', { error: String(error) });
  } finally {
    linked.unlink();
  }
  return report;
}

function watchTelemetry(
  { dispatcher, intervalMs }: ReportEventsOptions,
  signal: AbortSignal,
  onReport: (telemetry: Telemetry) => void,
): Promise<void> {
  const request = liteEncode(watch.input, { intervalMs });
  const sink = async (body: Uint8Array): Promise<void> => onReport(liteDecode(watch.output, body));
  return dispatcher.call(watch.name, only(request), sink, { signal, timeoutMs: 0 });
}

async function readSystem(options: ReportEventsOptions): Promise<System> {
  let system: System | undefined;
  const request = liteEncode(getSystem.input, {});
  const sink = async (body: Uint8Array): Promise<void> => {
    system = liteDecode(getSystem.output, body);
  };
  await options.dispatcher.call(getSystem.name, only(request), sink, { signal: options.signal, timeoutMs: 30_000 });
  if (system === undefined) throw new Error('GetSystem returned no answer.');
  return system;
}

function send(options: ReportEventsOptions, event: AgentMessageReply): void {
  options.writer.send(event, options.freshId()).catch((error: unknown) => {
    // The channel is closed; the session's reader notices that as well and handles it.
    options.log.debug('agent-message.unsent', { error: String(error) });
  });
}

async function* only(body: Uint8Array): AsyncIterable<Uint8Array> {
  yield body;
}
