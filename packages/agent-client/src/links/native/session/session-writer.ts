import { type Channel, Notifier } from '@innkeeper/kit';
import { SessionLostError } from './session-lost-error.ts';

/** Bytes queued for a guest above which stream data waits. */
const dataRoomBytes = 256 * 1024;
/** The maximum: more than all calls of a session can start with. Only reached if a guest does not read its port. */
export const maxWaitingBytes = 5 * 1024 * 1024;

/**
 * The writes of one session on its channel, bounded: stream data waits while much is queued, and if small frames still
 * pile up, the guest does not read and the session is ended.
 */
export class SessionWriter {
  readonly #channel: Pick<Channel, 'write'>;
  readonly #onFailure: (why: SessionLostError) => void;
  #waitingBytes = 0;
  readonly #room = new Notifier();

  constructor(channel: Pick<Channel, 'write'>, onFailure: (why: SessionLostError) => void) {
    this.#channel = channel;
    this.#onFailure = onFailure;
  }

  /** Resolves when it is written. Rejects if the channel failed, which was reported to `onFailure`. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#waitingBytes += bytes.length;
    try {
      if (this.#waitingBytes > maxWaitingBytes)
        throw new SessionLostError(
          'GUEST_MISBEHAVES',
          `the guest does not read its port: ${this.#waitingBytes} bytes are queued`,
        );
      await this.#channel.write(bytes);
    } catch (error) {
      const why = SessionLostError.unreachable(error);
      this.#onFailure(why);
      throw why;
    } finally {
      this.#waitingBytes -= bytes.length;
      if (this.#waitingBytes < dataRoomBytes) this.wakeAll();
    }
  }

  /** Resolves when data may be written. */
  async room(): Promise<void> {
    await this.#room.until(() => this.#waitingBytes < dataRoomBytes);
  }

  /** The session has ended: wakes all waiters. */
  close(): void {
    this.#waitingBytes = Number.NEGATIVE_INFINITY;
    this.wakeAll();
  }

  wakeAll(): void {
    this.#room.notify();
  }
}
