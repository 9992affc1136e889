import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { capabilitiesOf } from '../capabilities.ts';
import { firstOf, immediateOperation, type Operation, operation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { initSystem } from './init-system.ts';
import { NumberFile } from './number-file.ts';
import { parseOsRelease } from './parse-os-release.ts';
import { readCpu } from './read-cpu.ts';
import { readTrimmed } from './read-trimmed.ts';
import { setWallClock } from './set-wall-clock.ts';
import { type TelemetryInit, TelemetrySampler } from './telemetry-sampler.ts';
import { waitForChange } from './wait-for-change.ts';

const defaultIntervalMs = 5000;
const minIntervalMs = 250;
const maxIntervalMs = 3_600_000;

export { TelemetrySampler };

export interface TelemetryOptions {
  /** When the agent started, by the monotonic clock. */
  readonly startedMs?: number;
  /** Capabilities that the guest's policy turns off, with the reason. */
  readonly denied?: ReadonlyMap<string, string> | undefined;
  /** Milliseconds between reports for a caller that names no interval. Default 5000. */
  readonly intervalMs?: number | undefined;
}

/** Ping, GetSystem, AdjustClock and Watch. */
export function telemetryOperations(
  host: Host,
  sampler: TelemetrySampler,
  { startedMs = 0, denied, intervalMs: usualMs = defaultIntervalMs }: TelemetryOptions = {},
): Operation[] {
  return [
    immediateOperation(TelemetryServiceLite.ping, ({ sequence }) => ({
      sequence,
      agentVersion: host.system.agentVersion,
      agentUptimeSeconds: BigInt(Math.floor((host.clock.monotonicMs() - startedMs) / 1000)),
    })),
    immediateOperation(TelemetryServiceLite.getSystem, () => describeSystem(host, denied)),
    immediateOperation(TelemetryServiceLite.adjustClock, ({ stepNs }) => {
      if (stepNs !== 0n) setWallClock(host.clock, host.clock.wallTimeNs() + stepNs);
      return { wallTimeUnixNs: host.clock.wallTimeNs() };
    }),
    operation(TelemetryServiceLite.watch, async (input, { send, signal }) => {
      const { intervalMs, once } = await firstOf(input);
      const interval = intervalMs === 0 ? usualMs : intervalMs;
      if (interval < minIntervalMs || interval > maxIntervalMs)
        throw new OperationError(
          'INVALID_ARGUMENT',
          `interval_ms must be ${minIntervalMs} to ${maxIntervalMs}, or 0 for ${usualMs}.`,
        );
      if (once) {
        await send(await sampleWithShare(host, sampler, signal));
        return;
      }
      // Watch from here on, so that no change during sampling or sending is lost.
      const unfollow = sampler.changes.follow(() => undefined);
      try {
        while (!signal.aborted) {
          await send(await sampler.sample());
          await waitForChange({ clock: host.clock, changes: sampler.changes, signal }, interval);
        }
      } finally {
        unfollow();
      }
    }),
  ];
}

/** A report with a CPU share: takes a second sample shortly after if this is the first. */
async function sampleWithShare(host: Host, sampler: TelemetrySampler, signal: AbortSignal): Promise<TelemetryInit> {
  const first = await sampler.sample();
  if (first.cpu?.busyPercent !== undefined) return first;
  await waitForChange({ clock: host.clock, changes: sampler.changes, signal }, 200);
  return await sampler.sample();
}

function describeSystem(host: Host, denied: ReadonlyMap<string, string> | undefined) {
  const os = parseOsRelease(readTrimmed(host, '/etc/os-release') ?? readTrimmed(host, '/usr/lib/os-release') ?? '');
  const { nodename, release, machine } = host.system.uname();
  const { present, missing } = capabilitiesOf(host, denied);
  return {
    hostname: nodename,
    osId: os.get('ID') ?? '',
    osName: os.get('NAME') ?? '',
    osVersion: os.get('VERSION_ID') ?? '',
    osPrettyName: os.get('PRETTY_NAME') ?? '',
    osVersionName: os.get('VERSION') ?? '',
    osVariant: os.get('VARIANT') ?? '',
    osVariantId: os.get('VARIANT_ID') ?? '',
    kernelVersion: readTrimmed(host, '/proc/sys/kernel/version') ?? '',
    kernelRelease: release,
    architecture: machine,
    bootId: readTrimmed(host, '/proc/sys/kernel/random/boot_id') ?? '',
    initSystem: initSystem(host),
    agentVersion: host.system.agentVersion,
    capabilities: [...present],
    missingCapabilities: [...missing],
    cpuCount: readCpu(new NumberFile(host))?.count ?? 0,
  };
}
