import { errorMessage, type Log, pause } from '@innkeeper/kit';
import * as host from 'host';
import { guestTimers } from '../host/clock.ts';
import { findPort } from './find-port.ts';
import { PortChannel } from './port-channel.ts';

export interface ServePortOptions {
  readonly name: string;
  /** Its device. Default: the one with this name. */
  readonly path?: string | undefined;
  /** Opens the device. Default: as a virtio-serial port. */
  readonly open?: ((path: string) => number) | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Serves one host until it leaves. */
  readonly serve: (channel: PortChannel) => Promise<void>;
}

/** Milliseconds between checks for a missing port: short while the guest boots, then longer. */
const firstRetryMs = 50;
const lastRetryMs = 60_000;

/** Waits for the port, opens it, and serves each host in turn until the signal. A port that fails is reopened. */
export async function servePort({ name, path, open, log, signal, serve }: ServePortOptions): Promise<void> {
  let retryMs = firstRetryMs;
  while (!signal.aborted) {
    const channel = tryOpen(name, path ?? findPort(name), open, log);
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
    // Do not retry in a tight loop when a port fails right after opening.
    if (host.monotonicMs() - openedAtMs >= lastRetryMs) retryMs = firstRetryMs;
    await pause(guestTimers, retryMs, signal);
    retryMs = Math.min(retryMs * 2, lastRetryMs);
  }
}

function tryOpen(
  name: string,
  path: string | undefined,
  open: ServePortOptions['open'],
  log: Log,
): PortChannel | undefined {
  if (path === undefined) return undefined;
  try {
    return new PortChannel(name, path, open);
  } catch (error) {
    log.debug('port.busy', { port: name, error: errorMessage(error) });
    return undefined;
  }
}
