import { errorMessage, type Log } from '@innkeeper/kit';
import * as host from 'host';
import { keptChannels } from '../handover/kept-channels.ts';
import { SocketChannel } from './socket-channel.ts';

export interface ListenerOptions {
  /** Of its channels, such as "unix:/run/a.sock". */
  readonly name: string;
  /** The key of its descriptor, which is handed over to a newer agent. */
  readonly key: string;
  /** A listening descriptor; called unless an earlier agent has handed one over. */
  readonly open: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Whether to serve a new connection, by its descriptor. Default: all. */
  readonly accepts?: (fd: number) => boolean;
  /** Serves one connection until it ends. */
  readonly serve: (channel: SocketChannel) => Promise<void>;
  /** Called when it has stopped listening. */
  readonly onStop?: () => void;
}

/** Maximum number of open connections; more wait in the kernel's backlog. */
const maxConnections = 32;
/** Without free descriptors accept fails and the socket stays readable: retry after this many milliseconds. */
const retryMs = 1000;

/** Serves every connection on a socket until the signal. Throws when it cannot listen. */
export function listen(options: ListenerOptions): void {
  new Listener(options).start();
}

class Listener {
  readonly #options: ListenerOptions;
  readonly #fd: number;
  #open = 0;
  #paused = false;
  #slot: number | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#fd = keptChannels.sockets.get(options.key) ?? options.open();
    keptChannels.sockets.set(options.key, this.#fd);
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
    const { name, log, accepts, serve } = this.#options;
    let connection: number;
    try {
      connection = host.accept(this.#fd);
    } catch (error) {
      log.warn('connection.refused', { name, error: errorMessage(error) });
      this.#pause();
      return;
    }
    if (connection < 0) return;
    if (accepts?.(connection) === false) {
      host.close(connection);
      return;
    }
    this.#open++;
    this.#update();
    const channel = new SocketChannel(name, connection);
    serve(channel)
      .catch((error: unknown) => log.warn('connection.failed', { name, error: errorMessage(error) }))
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
    this.#options.onStop?.();
  }
}
