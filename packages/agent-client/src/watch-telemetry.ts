import type { Telemetry } from '@innkeeper/contract/agent';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { type LinkClock, pause } from './clock.ts';
import type { LinkSessions } from './link-sessions.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { stopOnAbort } from './session/stop-on-abort.ts';
import { openCall } from './session/typed-call.ts';

/** Between a watch that ended, as an older agent may end it, and the next. */
const againAfterMs = 5000;

/** Reports are taken this far apart at least, the newest of those that came: a flood costs no more than that. */
const apartMs = 250;

/** Keeps a telemetry watch open in every session until the signal; each report goes to `onReport`. */
export function watchTelemetry(
  sessions: LinkSessions,
  clock: LinkClock,
  intervalMs: number,
  signal: AbortSignal,
  onReport: (telemetry: Telemetry) => void,
): void {
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const { session } = await sessions.ready(signal);
      try {
        const call = openCall(session, TelemetryServiceLite.watch, { intervalMs });
        const untie = stopOnAbort(call.raw, signal);
        try {
          for (let report = await call.newest(); report !== undefined; report = await call.newest()) {
            onReport(report);
            await pause(clock, apartMs, signal);
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
