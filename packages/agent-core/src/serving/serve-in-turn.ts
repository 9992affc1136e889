import { type Channel, createDeferred, linkSignals, onAbort } from '@innkeeper/kit';
import type { Clock } from '../host.ts';
import { readUntilAborted, runSession, type Session } from './run-session.ts';

/** Milliseconds for an answer after the peer ended its side, as programs do that send one request. */
export const lastAnswerMs = 60_000;

/** An answer to be written; `isLast` ends the connection. */
export interface InTurnAnswer {
  readonly parts: Iterable<Uint8Array>;
  readonly isLast: boolean;
}

export interface InTurnOptions<Request> {
  readonly channel: Channel;
  readonly clock: Clock;
  /** Bytes already read to detect the dialect. */
  readonly firstBytes: Uint8Array | undefined;
  readonly signal: AbortSignal;
  /** The requests in the next bytes. */
  receive(bytes: Uint8Array): Iterable<Request>;
  /** Never rejects. */
  answer(request: Request, signal: AbortSignal): Promise<InTurnAnswer>;
  /**
   * Milliseconds without a whole request after which the connection ends, and of a write after which the channel is
   * closed, since its peer does not read. Default: never.
   */
  readonly idleMs?: number;
}

/**
 * Serves a dialect without ids: one request after the other, each with its answer, until the peer is gone or `signal` is
 * aborted. Reading goes on meanwhile, up to the next request, so that a peer that left is noticed.
 */
export function serveInTurn<Request>(options: InTurnOptions<Request>): Promise<void> {
  return runSession(options.signal, (signal) => new InTurnSession(options, signal));
}

class InTurnSession<Request> implements Session {
  readonly #options: InTurnOptions<Request>;
  readonly #signal: AbortSignal;
  #answering: Promise<void> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();
  #stopIdleTimer: () => void = () => undefined;

  constructor(options: InTurnOptions<Request>, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const { channel, clock, firstBytes } = this.#options;
    const reading = linkSignals(this.#signal);
    const end = (): void => reading.abort('over');
    this.#watchIdle(end);
    try {
      let bytes = firstBytes ?? (await readUntilAborted(channel, reading.signal));
      while (bytes !== undefined && !reading.signal.aborted) {
        for (const request of this.#options.receive(bytes)) {
          await this.#answering;
          if (reading.signal.aborted) break;
          this.#answering = this.#answer(request, end);
          // An error of the channel; the reader meets it too.
          this.#answering.catch(() => undefined);
        }
        bytes = await readUntilAborted(channel, reading.signal);
      }
      await this.#lastAnswer(clock);
    } finally {
      this.#stopIdleTimer();
      reading.unlink();
    }
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }

  /** The peer ended its side: it may still read the answer to its last request. */
  async #lastAnswer(clock: Clock): Promise<void> {
    const over = createDeferred<void>();
    const stopTimer = clock.setTimer(lastAnswerMs, over.resolve);
    const stopListening = onAbort(this.#signal, () => over.resolve());
    try {
      await Promise.race([this.#answering.catch(() => undefined), over.promise]);
    } finally {
      stopTimer();
      stopListening();
    }
  }

  async #answer(request: Request, end: () => void): Promise<void> {
    this.#stopIdleTimer();
    const { parts, isLast } = await this.#options.answer(request, this.#signal);
    if (this.#signal.aborted) return;
    this.#writing = this.#write(parts);
    await this.#writing;
    if (isLast) end();
    else this.#watchIdle(end);
  }

  async #write(parts: Iterable<Uint8Array>): Promise<void> {
    const { channel, clock, idleMs } = this.#options;
    // Only a closed channel ends its writes; the reader learns of it, too.
    const give = (): void => void channel.close().catch(() => undefined);
    for (const part of parts) {
      const stopTimer = idleMs === undefined ? undefined : clock.setTimer(idleMs, give);
      try {
        await channel.write(part);
      } finally {
        stopTimer?.();
      }
    }
  }

  #watchIdle(end: () => void): void {
    const { clock, idleMs } = this.#options;
    if (idleMs !== undefined) this.#stopIdleTimer = clock.setTimer(idleMs, end);
  }
}
