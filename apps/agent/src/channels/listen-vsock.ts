import { type VsockPeers, vsockPort } from '@innkeeper/agent-core';
import { errorMessage, type Log, pause } from '@innkeeper/kit';
import * as host from 'host';
import { guestTimers } from '../host/clock.ts';
import { type ListenerOptions, listen } from './listener.ts';

export interface ListenVsockOptions extends Pick<ListenerOptions, 'log' | 'signal' | 'serve'> {
  /** Default: `vsockPort`. */
  readonly port?: number;
  /** The CIDs that are served. A guest's own programs have 1 or the guest's number: they are not its host. */
  readonly peers: VsockPeers;
}

/** Milliseconds between attempts, since a driver may be loaded late in a boot: short at first. */
const firstRetryMs = 50;
const lastRetryMs = 60_000;
const maxLoggedPeers = 16;

/** Serves vsock connections of these peers until the signal. Waits for a kernel that has no vsock yet. */
export async function listenVsock({ port = vsockPort, peers, log, signal, serve }: ListenVsockOptions): Promise<void> {
  const name = `vsock:${port}`;
  const accepts = peerCheck(peers, log);
  for (let retryMs = firstRetryMs; !signal.aborted; retryMs = Math.min(retryMs * 2, lastRetryMs)) {
    try {
      listen({ name, key: name, open: () => host.listenVsock(port), log, signal, accepts, serve });
      log.info('vsock.listening', { port });
      return;
    } catch (error) {
      log.debug('vsock.unavailable', { port, error: errorMessage(error) });
    }
    await pause(guestTimers, retryMs, signal);
  }
}

/** A refused peer is logged once. */
function peerCheck(peers: VsockPeers, log: Log): (fd: number) => boolean {
  const refused = new Set<number>();
  return (fd) => {
    const cid = host.peerCid(fd);
    if (peers === 'any' || peers.includes(cid)) return true;
    if (refused.has(cid) || refused.size >= maxLoggedPeers) return false;
    refused.add(cid);
    log.warn('vsock.refused', { cid, peers: peers.join(' ') });
    return false;
  };
}
