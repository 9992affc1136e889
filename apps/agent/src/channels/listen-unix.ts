import { errorMessage, type Log } from '@innkeeper/kit';
import * as host from 'host';
import { keptChannels } from '../handover/kept-channels.ts';
import { SocketChannel } from './socket-channel.ts';

export interface ListenUnixOptions {
  readonly path: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Serves one connection until it ends. */
  readonly serve: (channel: SocketChannel) => Promise<void>;
}

/** Maximum number of open connections; more wait in the kernel's backlog. */
const maxConnections = 32;
/** Without free descriptors accept fails and the socket stays readable: retry after this many milliseconds. */
const retryMs = 1000;

/** Serves every connection on a unix socket (mode 0600) until the signal. Throws when it cannot listen. */
export function listenUnix(options: ListenUnixOptions): void {
  new UnixListener(options).start();
}

class UnixListener {
  readonly #options: ListenUnixOptions;
  readonly #fd: number;
  #open = 0;
  #paused = false;
  #slot: number | undefined;

  constructor(options: ListenUnixOptions) {
    this.#options = options;
    this.#fd = keptChannels.sockets.get(options.path) ?? host.listenUnix(options.path, 0o600);
    keptChannels.sockets.set(options.path, this.#fd);
  }

  start(): void {
    this.#options.signal.addEventListener('abort', () => this.#stop());
    this.#update();
  }

  #update(): void {
    const wanted = this.#open < maxConnections && !this.#paused && !this.#options.signal.aborted;
    if (wanted && this.#slot === undefined) this.#slot = host.watch(this.#fd, 1, () => this.#acceptOne());
    if (!wanted && this.#slot !== undefined) {
      host.unwatch(this.#slot);
      this.#slot = undefined;
    }
  }

  #acceptOne(): void {
    const { path, log, serve } = this.#options;
    let connection: number;
    try {
      connection = host.accept(this.#fd);
    } catch (error) {
      log.warn('connection.refused', { path, error: errorMessage(error) });
      this.#pause();
      return;
    }
    if (connection < 0) return;
    this.#open++;
    this.#update();
    const channel = new SocketChannel(`unix:${path}`, connection);
    serve(channel)
      .catch((error: unknown) => log.warn('connection.failed', { path, error: errorMessage(error) }))
      .finally(async () => {
        await channel.close();
        this.#open--;
        this.#update();
      })
      // A failed close of an own descriptor cannot be handled in any useful way.
      .catch(() => undefined);
  }

  #pause(): void {
    this.#paused = true;
    this.#update();
    host.setTimer(retryMs, () => {
      this.#paused = false;
      this.#update();
    });
  }

  #stop(): void {
    this.#update();
    host.close(this.#fd);
    try {
      host.unlink(this.#options.path);
    } catch {
      // ENOENT: already removed.
    }
  }
}
