import type { Telemetry } from '@innkeeper/contract/agent';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { pause } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import type { LinkSessions } from './link-sessions.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { openCall } from './session/typed-call.ts';

/** Milliseconds between the end of a watch, as an older agent may end it, and the next. */
const retryAfterMs = 5000;

/** Minimum milliseconds between two handled reports, whatever the guest sends and however often it reconnects. */
const minIntervalMs = 1000;

/**
 * Keeps a telemetry watch open in every session until the signal. `onReport` gets at most one report per second, the
 * newest: earlier ones are dropped undecoded, and the last one is never lost.
 */
export function watchTelemetry(
  sessions: LinkSessions,
  clock: LinkClock,
  intervalMs: number,
  signal: AbortSignal,
  onReport: (telemetry: Telemetry) => void,
): void {
  let nextReportMs = 0;
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const { session } = await sessions.ready(signal);
      try {
        using call = openCall(session, TelemetryServiceLite.watch, { intervalMs }, { signal });
        for (;;) {
          if (nextReportMs > clock.nowMs()) await pause(clock, nextReportMs - clock.nowMs(), signal);
          const report = await call.newest();
          if (report === undefined) break;
          nextReportMs = clock.nowMs() + minIntervalMs;
          onReport(report);
        }
      } catch (error) {
        // A lost session: wait for the next one above. An error: retry later, since telemetry is not vital.
        if (error instanceof SessionLostError) continue;
      }
      await pause(clock, retryAfterMs, signal);
    }
  };
  // Only rejects if the link is closed meanwhile.
  run().catch(() => undefined);
}
