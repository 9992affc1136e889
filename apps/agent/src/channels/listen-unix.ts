import type { Log } from '@innkeeper/kit';
import * as host from 'host';
import { SocketChannel } from './socket-channel.ts';

export interface ListenUnixOptions {
  readonly path: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Serves one connection to its end. */
  readonly serve: (channel: SocketChannel) => Promise<void>;
}

/** At most so many connections at once; more wait in the kernel. */
const maxConnections = 32;

/** Serves every connection on a unix socket (mode 0600) until the signal. Throws when it cannot listen. */
export function listenUnix({ path, log, signal, serve }: ListenUnixOptions): void {
  const fd = host.listenUnix(path, 0o600);
  let open = 0;
  let slot: number | undefined;
  const update = (): void => {
    const wanted = open < maxConnections && !signal.aborted;
    if (wanted && slot === undefined) slot = host.watch(fd, 1, acceptOne);
    if (!wanted && slot !== undefined) {
      host.unwatch(slot);
      slot = undefined;
    }
  };
  const acceptOne = (): void => {
    const connection = host.accept(fd);
    if (connection < 0) return;
    open++;
    update();
    const channel = new SocketChannel(`unix:${path}`, connection);
    serve(channel)
      .catch((error: unknown) =>
        log.warn('connection.failed', { error: error instanceof Error ? error.message : String(error) }),
      )
      .finally(async () => {
        await channel.close();
        open--;
        update();
      })
      // Closing a descriptor of ours does not fail in a way that anybody could act on.
      .catch(() => undefined);
  };
  signal.addEventListener('abort', update);
  update();
}
