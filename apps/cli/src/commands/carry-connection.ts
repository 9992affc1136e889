import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Tunnel } from '@innkeeper/client';
import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { linkSignals } from '@innkeeper/kit';

/** A connection waits this long for a daemon that restarts. */
const daemonWaitMs = 60_000;
const retryMs = 500;

/**
 * Carries a local connection through a tunnel, each direction as fast as the other side takes it. Never rejects: if there
 * is no tunnel, or it breaks, the connection is reset.
 */
export async function carryConnection(
  socket: Socket,
  open: (signal: AbortSignal) => Tunnel,
  { signal: outer, onFailure }: { readonly signal: AbortSignal; readonly onFailure: (error: Error) => void },
): Promise<void> {
  const { signal, abort, unlink } = linkSignals(outer);
  // Before any of its data: a client that leaves while the program does not read is noticed by its error.
  socket.on('error', () => abort(new OperationError('CANCELED', 'The local connection broke.')));
  try {
    const tunnel = await openWhenReachable(open, signal);
    await Promise.all([send(socket, tunnel), receive(tunnel, socket), tunnel.closed]);
    socket.destroySoon();
  } catch (error) {
    if (!signal.aborted && error instanceof Error) onFailure(error);
    socket.resetAndDestroy();
  } finally {
    abort();
    unlink();
  }
}

/** Opens the tunnel again while there is no daemon. */
async function openWhenReachable(open: (signal: AbortSignal) => Tunnel, signal: AbortSignal): Promise<Tunnel> {
  const untilMs = performance.now() + daemonWaitMs;
  for (;;) {
    try {
      const tunnel = open(signal);
      await tunnel.opened;
      return tunnel;
    } catch (error) {
      const isLost = isOperationError(error) && error.reason === 'DAEMON_UNREACHABLE';
      if (!isLost || performance.now() > untilMs) throw error;
      await delay(retryMs, undefined, { signal });
    }
  }
}

async function send(socket: Socket, tunnel: Tunnel): Promise<void> {
  // The other direction may still be open when this one has ended.
  for await (const data of socket.iterator({ destroyOnReturn: false })) await tunnel.write(data as Buffer);
  tunnel.end();
}

async function receive(tunnel: Tunnel, socket: Socket): Promise<void> {
  for await (const data of tunnel) if (!socket.write(data)) await Promise.race([once(socket, 'drain'), tunnel.closed]);
  socket.end();
}
