import { type IpEndpoint, parseEndpoint } from '@innkeeper/agent-core';
import { errorMessage, pause } from '@innkeeper/kit';
import * as host from 'host';
import { guestTimers } from '../host/clock.ts';
import { type ListenerOptions, listen } from './listener.ts';

/** Milliseconds between attempts, since an address may not be there yet, or a port still taken. */
const firstRetryMs = 500;
const lastRetryMs = 60_000;

/** Serves connections to "ADDRESS:PORT" until the signal. */
export async function listenTcp(
  options: { readonly address: string } & Pick<ListenerOptions, 'log' | 'signal' | 'serve'>,
): Promise<void> {
  const { address: text, log, signal, serve } = options;
  const endpoint: IpEndpoint | undefined = parseEndpoint(text);
  if (endpoint === undefined) return;
  const { address, port } = endpoint;
  const name = `tcp:${text}`;
  for (let retryMs = firstRetryMs; !signal.aborted; retryMs = Math.min(retryMs * 2, lastRetryMs)) {
    try {
      listen({ name, key: name, open: () => host.listenTcp(address, port), log, signal, serve });
      log.info('http.listening', { address: text });
      return;
    } catch (error) {
      log.warn('http.not-listening', { address: text, error: errorMessage(error), retryMs });
    }
    await pause(guestTimers, retryMs, signal);
  }
}
