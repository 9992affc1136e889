import { type Channel, type Log, linkSignals } from '@innkeeper/kit';
import { detectDialect, detectionBytes } from '@innkeeper/wire';
import { serveAgentMessage } from './agent-message/serve-agent-message.ts';
import { capabilitiesOf } from './capabilities.ts';
import { OperationTable } from './dispatch.ts';
import { fileOperations } from './file/file-operations.ts';
import { guestProcessOperations } from './guest-process/guest-process-operations.ts';
import { hex } from './hex.ts';
import type { Host } from './host.ts';
import { serveNative } from './native/serve-native.ts';
import { createWelcomeMaker } from './native/welcome.ts';
import { powerOperations } from './power/power-operations.ts';
import { processOperations } from './process/process-operations.ts';
import { ProcessRegistry } from './process/process-registry.ts';
import { readTrimmed } from './telemetry/read-trimmed.ts';
import { telemetryOperations } from './telemetry/telemetry-operations.ts';
import { TelemetrySampler } from './telemetry/telemetry-sampler.ts';

/** The agent's behaviour over whatever host and channels it is given. */
export interface Agent {
  /**
   * Serves one peer until it is known to have gone, or `signal` is aborted. 'detect' tells the dialect by the first
   * bytes. The channel stays the caller's.
   */
  serveChannel(channel: Channel, dialect: 'native' | 'agent-message' | 'detect', signal: AbortSignal): Promise<void>;
  /**
   * Says goodbye on every session and ends the processes; resolves when that is done, within a second. Whoever is served
   * after that is left at once: the caller takes nobody any more.
   */
  stop(reason: string): Promise<void>;
}

/** When this agent was built, for clocks that are certainly wrong. Set by the build; tests run without it. */
declare const INNKEEPER_BUILD_TIME_NS: string | undefined;
const buildTimeNs = BigInt(
  typeof INNKEEPER_BUILD_TIME_NS === 'string' ? INNKEEPER_BUILD_TIME_NS : '1764000000000000000',
);

/** Between TERM and KILL for the commands of an agent that stops. */
const endGraceMs = 800;
const flushMs = 50;

/** Freezing is not among the operations of this agent, so nothing is ever frozen. */
const isFrozen = (): boolean => false;

/** Puts the agent together. One for a program: it owns the host's processes. */
export function createAgent(host: Host, log: Log): Agent {
  const registry = new ProcessRegistry(host, log);
  const sampler = new TelemetrySampler(host, () => registry.runningCount, isFrozen);
  const table = new OperationTable(
    [
      ...telemetryOperations(host, sampler),
      ...processOperations(registry),
      ...guestProcessOperations(host),
      ...fileOperations(host),
      ...powerOperations(host, log),
    ],
    isFrozen,
    host.clock,
  );
  const instance = hex(host.bytes.random(16));
  const bootId = readTrimmed(host, '/proc/sys/kernel/random/boot_id') ?? instance;
  const welcome = createWelcomeMaker({
    host,
    log,
    bootId,
    instance,
    capabilities: capabilitiesOf(host).present,
    isFrozen,
    buildTimeNs,
  });
  const stopping = new AbortController();

  const serve = async (
    channel: Channel,
    dialect: 'native' | 'agent-message',
    firstBytes: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<void> => {
    if (dialect === 'native') {
      await serveNative({ channel, table, ops: host.bytes, clock: host.clock, welcome, log, firstBytes, signal });
      return;
    }
    const form = channel.name.includes('org.quantix') ? 'magic' : 'plain';
    await serveAgentMessage({
      channel,
      dispatcher: table,
      clock: host.clock,
      bytes: host.bytes,
      log,
      form,
      firstBytes,
      signal,
    });
  };

  return {
    serveChannel: async (channel, dialect, outer) => {
      const { signal, unlink } = linkSignals(outer, stopping.signal);
      try {
        if (dialect !== 'detect') {
          await serve(channel, dialect, undefined, signal);
          return;
        }
        const { found, firstBytes } = await detect(channel, signal);
        if (found === 'native' || found === 'agent-message') await serve(channel, found, firstBytes, signal);
        else log.info('dialect.unknown', { channel: channel.name, dialect: found });
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        unlink();
      }
    },
    stop: async (reason) => {
      stopping.abort(reason);
      await registry.endAll(endGraceMs);
      // Some turns of the loop, so that goodbyes get into the channels.
      await new Promise<void>((resolve) => host.clock.setTimer(flushMs, resolve));
    },
  };
}

/** Reads until the dialect is plain; `undefined` for a peer that left or speaks none of ours. */
async function detect(
  channel: Channel,
  signal: AbortSignal,
): Promise<{ found: string | undefined; firstBytes: Uint8Array }> {
  let firstBytes = new Uint8Array(0);
  for (;;) {
    const bytes = await channel.read({ signal });
    if (bytes === undefined) return { found: undefined, firstBytes };
    const joined = new Uint8Array(firstBytes.length + bytes.length);
    joined.set(firstBytes);
    joined.set(bytes, firstBytes.length);
    firstBytes = joined;
    const found = detectDialect(firstBytes);
    if (found !== undefined || firstBytes.length >= detectionBytes) return { found, firstBytes };
  }
}
