import { type Channel, type Log, linkSignals } from '@innkeeper/kit';
import { type DialectName, detectDialect } from '@innkeeper/wire';
import { capabilitiesOf } from './capabilities.ts';
import { servedDialects } from './dialects/served-dialects.ts';
import { OperationTable } from './dispatch.ts';
import { fileOperations } from './file/file-operations.ts';
import { neverFrozen } from './freeze-state.ts';
import { guestProcessOperations } from './guest-process/guest-process-operations.ts';
import { hex } from './hex.ts';
import type { Host } from './host.ts';
import { powerOperations } from './power/power-operations.ts';
import { processOperations } from './process/process-operations.ts';
import { ProcessRegistry } from './process/process-registry.ts';
import { ClockStepper } from './serving/clock-step.ts';
import { detect } from './serving/detect.ts';
import type { AgentContext, Dialect } from './serving/dialect.ts';
import { readTrimmed } from './telemetry/read-trimmed.ts';
import { telemetryOperations } from './telemetry/telemetry-operations.ts';
import { TelemetrySampler } from './telemetry/telemetry-sampler.ts';

/** The agent's behaviour over whatever host and channels it is given. */
export interface Agent {
  /**
   * Serves one peer until it is known to have gone, or `signal` is aborted. With 'detect', each dialect is asked about
   * the first bytes. The channel stays the caller's. Rejects for a dialect that this agent was not given.
   */
  serveChannel(channel: Channel, dialect: DialectName | 'detect', signal: AbortSignal): Promise<void>;
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

/**
 * Puts the agent together. One for a program: it owns the host's processes.
 * @param dialects what it speaks; default: all there are
 */
export function createAgent(host: Host, log: Log, dialects: readonly Dialect[] = servedDialects): Agent {
  const freeze = neverFrozen;
  const registry = new ProcessRegistry(host, log);
  const sampler = new TelemetrySampler(host, () => registry.runningCount, freeze);
  const table = new OperationTable(
    [
      ...telemetryOperations(host, sampler),
      ...processOperations(registry),
      ...guestProcessOperations(host),
      ...fileOperations(host),
      ...powerOperations(host, log),
    ],
    freeze,
    host.clock,
  );
  const instance = hex(host.bytes.random(16));
  const bootId = readTrimmed(host, '/proc/sys/kernel/random/boot_id') ?? instance;
  const context: AgentContext = {
    host,
    log,
    identity: { bootId, instance, startWallNs: host.clock.wallTimeNs(), capabilities: capabilitiesOf(host).present },
    freeze,
    clockStepper: new ClockStepper(host.clock, log, buildTimeNs),
  };
  const stopping = new AbortController();

  return {
    serveChannel: async (channel, dialect, outer) => {
      const { signal, unlink } = linkSignals(outer, stopping.signal);
      try {
        if (dialect !== 'detect') {
          const known = dialects.find(({ name }) => name === dialect);
          if (known === undefined) throw new Error(`This agent does not speak ${dialect}.`);
          await known.serve(channel, table, { ...context, firstBytes: undefined, signal });
          return;
        }
        const { dialect: found, firstBytes } = await detect(channel, dialects, signal);
        if (found !== undefined) await found.serve(channel, table, { ...context, firstBytes, signal });
        else log.info('dialect.unknown', { channel: channel.name, dialect: detectDialect(firstBytes) });
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
