import { type Channel, Notifier } from '@innkeeper/kit';
import { SessionLostError } from './session-lost-error.ts';

/** Bytes on their way to a guest before data of streams waits for its turn. */
const dataRoomBytes = 256 * 1024;
/** And at most: more than all calls of a session can begin with. Only a guest that does not read its port gets there. */
export const maxWaitingBytes = 5 * 1024 * 1024;

/**
 * What one session writes on its channel, bounded: data waits while much is on its way, and when small frames pile up
 * all the same, the guest does not read and the session is over.
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

  /** Resolves when the channel has taken it. Rejects when it failed; that was told to `onFailure`. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#waitingBytes += bytes.length;
    try {
      if (this.#waitingBytes > maxWaitingBytes)
        throw new SessionLostError(
          'GUEST_MISBEHAVES',
          `the guest does not read its port: ${this.#waitingBytes} bytes wait`,
        );
      await this.#channel.write(bytes);
    } catch (error) {
      const why = error instanceof SessionLostError ? error : SessionLostError.unreachable(error);
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

  /** The session is over: nobody waits any more. */
  close(): void {
    this.#waitingBytes = Number.NEGATIVE_INFINITY;
    this.wakeAll();
  }

  wakeAll(): void {
    this.#room.notify();
  }
}
