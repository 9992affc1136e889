import type { Telemetry } from '@innkeeper/contract/agent';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { onAbort, pause } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import type { LinkSessions } from './link-sessions.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { openCall } from './session/typed-call.ts';

/** Between a watch that ended, as an older agent may end it, and the next. */
const againAfterMs = 5000;

/** Between two reports that are worked on, whatever the guest sends and however often it reconnects. */
const leastIntervalMs = 1000;

/**
 * Keeps a telemetry watch open in every session until the signal. `onReport` gets at most one report a second, the
 * newest: what came in between is dropped before it is decoded, and the last one is never lost.
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
        const call = openCall(session, TelemetryServiceLite.watch, { intervalMs });
        const untie = onAbort(signal, (reason) => call.raw.cancel(reason));
        try {
          for (;;) {
            if (nextReportMs > clock.nowMs()) await pause(clock, nextReportMs - clock.nowMs(), signal);
            const report = await call.newest();
            if (report === undefined) break;
            nextReportMs = clock.nowMs() + leastIntervalMs;
            onReport(report);
          }
        } finally {
          untie();
          call.raw.cancel(undefined);
        }
        await pause(clock, againAfterMs, signal);
      } catch (error) {
        // A lost session: the next one is waited for above. A refusal: asked again later, since telemetry is not vital.
        if (!(error instanceof SessionLostError)) await pause(clock, againAfterMs, signal);
      }
    }
  };
  // Rejects only when the link is closed while it waits.
  run().catch(() => undefined);
}
