import { errorMessage, type Log, pause } from '@innkeeper/kit';
import * as host from 'host';
import { guestTimers } from '../host/clock.ts';
import { findPort } from './find-port.ts';
import { PortChannel } from './port-channel.ts';

export interface ServePortOptions {
  readonly name: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Serves one host from its coming to its going. */
  readonly serve: (channel: PortChannel) => Promise<void>;
}

/** Milliseconds between looks for a port that is not there: quick while the guest boots, then ever slower. */
const firstRetryMs = 50;
const lastRetryMs = 60_000;

/** Waits for the port, opens it, and serves every host that comes, until the signal. A port that fails is opened anew. */
export async function servePort({ name, log, signal, serve }: ServePortOptions): Promise<void> {
  let retryMs = firstRetryMs;
  while (!signal.aborted) {
    const channel = tryOpen(name, log);
    if (channel === undefined) {
      await pause(guestTimers, retryMs, signal);
      retryMs = Math.min(retryMs * 2, lastRetryMs);
      continue;
    }
    log.info('port.opened', { port: name });
    const openedAtMs = host.monotonicMs();
    try {
      while (!signal.aborted) await serve(channel);
    } catch (error) {
      log.warn('port.failed', { port: name, error: errorMessage(error) });
    } finally {
      await channel.close();
    }
    // One that fails as soon as it is open is not tried in a circle.
    if (host.monotonicMs() - openedAtMs >= lastRetryMs) retryMs = firstRetryMs;
    await pause(guestTimers, retryMs, signal);
    retryMs = Math.min(retryMs * 2, lastRetryMs);
  }
}

function tryOpen(name: string, log: Log): PortChannel | undefined {
  const path = findPort(name);
  if (path === undefined) return undefined;
  try {
    return new PortChannel(name, path);
  } catch (error) {
    log.debug('port.busy', { port: name, error: errorMessage(error) });
    return undefined;
  }
}
