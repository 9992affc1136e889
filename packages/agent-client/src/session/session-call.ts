import { OperationError } from '@innkeeper/contract/errors';
import { createDeferred, type Deferred } from '@innkeeper/kit';

/** Bytes of answers that the agent may have on the way to us, for one call. */
export const receiveWindowBytes = 512 * 1024;
/** Consumed bytes are granted again in steps of this size, or when nothing is left to consume. */
const grantStepBytes = 64 * 1024;

export interface SessionCallPorts {
  readonly id: number;
  readonly initialSendCredit: number;
  grant(bytes: number): void;
  cancel(): void;
  /** Writes one message; resolves when the channel took it. */
  write(body: Uint8Array, halfClose: boolean): Promise<void>;
  /** Writes one message whose last field is `data`, which lies in `buffer`. */
  writeBulk(buffer: Uint8Array, start: number, end: number, prefix: Uint8Array): Promise<void>;
  /** The guest broke the rules. */
  misbehave(why: string): void;
}

/** One call from the node's side. Pulling answers is what grants the agent credit. */
export class SessionCall {
  readonly #ports: SessionCallPorts;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #consumedBytes = 0;
  #sendCredit: number;
  #waitingReader: Deferred<void> | undefined;
  #waitingWriter: Deferred<void> | undefined;
  #over: { readonly error: unknown } | undefined;

  constructor(ports: SessionCallPorts) {
    this.#ports = ports;
    this.#sendCredit = ports.initialSendCredit;
  }

  /** The next answer's bytes; undefined at the end. Rejects with the agent's error, or SessionLostError. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const body = this.#queue.shift();
      if (body !== undefined) {
        this.#queuedBytes -= body.length;
        this.#consume(body.length);
        return body;
      }
      if (this.#over !== undefined) {
        if (this.#over.error !== undefined) throw this.#over.error;
        return undefined;
      }
      this.#waitingReader ??= createDeferred();
      await this.#waitingReader.promise;
    }
  }

  /** Sends one message when there is credit for it. */
  async send(body: Uint8Array, options?: { readonly halfClose?: boolean }): Promise<void> {
    await this.#credit();
    this.#sendCredit -= body.length;
    await this.#ports.write(body, options?.halfClose === true);
  }

  async sendBulk(buffer: Uint8Array, start: number, end: number, prefix: Uint8Array): Promise<void> {
    await this.#credit();
    this.#sendCredit -= end - start + prefix.length;
    await this.#ports.writeBulk(buffer, start, end, prefix);
  }

  /** Gives the call up: the agent is told, and whoever waits gets `reason`. Idempotent. */
  cancel(reason: unknown): void {
    if (this.#over !== undefined) return;
    this.#ports.cancel();
    this.finish(reason ?? new OperationError('CANCELED', 'The call was given up.'));
  }

  /** From the session: an answer came. */
  receive(body: Uint8Array): void {
    if (this.#over !== undefined) return;
    this.#queuedBytes += body.length;
    if (this.#queuedBytes + this.#consumedBytes > receiveWindowBytes + 65_536) {
      this.#ports.misbehave(`call ${this.#ports.id} got more than it had given credit for`);
      return;
    }
    this.#queue.push(new Uint8Array(body));
    this.#wakeReader();
  }

  /** From the session: credit came. */
  addCredit(bytes: number): void {
    this.#sendCredit += bytes;
    if (this.#sendCredit > 0) this.#wakeWriter();
  }

  /** From the session: the call is over. What was queued can still be read. */
  finish(error: unknown): void {
    this.#over ??= { error };
    this.#wakeReader();
    this.#wakeWriter();
  }

  async #credit(): Promise<void> {
    while (this.#sendCredit <= 0 && this.#over === undefined) {
      this.#waitingWriter ??= createDeferred();
      await this.#waitingWriter.promise;
    }
    if (this.#over !== undefined) throw this.#over.error ?? new OperationError('CANCELED', 'The call is over.');
  }

  #consume(bytes: number): void {
    this.#consumedBytes += bytes;
    if (this.#over !== undefined || (this.#consumedBytes < grantStepBytes && this.#queue.length > 0)) return;
    const granted = this.#consumedBytes;
    this.#consumedBytes = 0;
    this.#ports.grant(granted);
  }

  #wakeReader(): void {
    this.#waitingReader?.resolve();
    this.#waitingReader = undefined;
  }

  #wakeWriter(): void {
    this.#waitingWriter?.resolve();
    this.#waitingWriter = undefined;
  }
}
