import { OperationError } from '@innkeeper/contract/errors';
import { Notifier } from '@innkeeper/kit';
import { creditStepBytes, initialAgentCredit, maxBodyBytes, messageCharge } from '@innkeeper/wire';
import type { TurnBudget } from './turn-budget.ts';

/** How far an agent can overdraw: a writer that has any credit may send one whole message. */
export const overdraftBytes = 65_536;
/** An agent grants what it has consumed, in large steps: no more than it was sent, but for this. */
const creditSlack = 4 * initialAgentCredit;

export interface SessionCallPorts {
  readonly id: number;
  /** Bytes of answers that the agent may have on the way to us. */
  readonly windowBytes: number;
  /** Shared by all calls of a session. */
  readonly turn: TurnBudget;
  /** Lets the agent send more; resolves when the channel took it. */
  grant(bytes: number): Promise<void>;
  cancel(): void;
  /** Resolves when the session has room for a message. */
  room(): Promise<void>;
  /** Writes one message; resolves when the channel took it. */
  write(body: Uint8Array, halfClose: boolean): Promise<void>;
  /** Writes one message whose last field is `data`, which lies in `buffer`. */
  writeBulk(buffer: Uint8Array, start: number, end: number, prefix: Uint8Array): Promise<void>;
  /** The guest broke the rules. */
  misbehave(why: string): void;
}

/**
 * One call from the node's side. Pulling answers is what grants the agent credit. Holds at most the window and one
 * message of answers; each counts 256 bytes at least, so that empty ones have a bound as well.
 */
export class SessionCall {
  readonly #ports: SessionCallPorts;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #consumedBytes = 0;
  /** A grant is on its way into the channel: what is consumed meanwhile goes with the next one. */
  #isGranting = false;
  #sendCredit = initialAgentCredit;
  /** What may yet be granted; a grant counts as a message does. */
  #grantable = creditSlack;
  readonly #arrived = new Notifier();
  readonly #granted = new Notifier();
  #over: { readonly error: unknown } | undefined;

  constructor(ports: SessionCallPorts) {
    this.#ports = ports;
  }

  /** The next answer's bytes; undefined at the end. Rejects with the agent's error, or SessionLostError. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const body = this.#queue.shift();
      if (body !== undefined) {
        const charge = messageCharge(body.length);
        this.#queuedBytes -= charge;
        this.#consume(charge);
        const nextTurn = this.#ports.turn.spend(body.length);
        if (nextTurn !== undefined) await nextTurn;
        return body;
      }
      if (this.#over !== undefined) {
        if (this.#over.error !== undefined) throw this.#over.error;
        return undefined;
      }
      await this.#arrived.changed();
    }
  }

  /** The newest answer that is here, or the next one; those before it are dropped unread. As `next` otherwise. */
  async newest(): Promise<Uint8Array | undefined> {
    while (this.#queue.length > 1) {
      const charge = messageCharge(this.#queue.shift()?.length ?? 0);
      this.#queuedBytes -= charge;
      this.#consume(charge);
    }
    return await this.next();
  }

  /** Sends one message when there is credit for it. @throws OperationError INVALID_ARGUMENT when it is too long */
  async send(body: Uint8Array, options?: { readonly halfClose?: boolean }): Promise<void> {
    checkBody(body.length);
    await this.#credit();
    this.#spend(body.length);
    await this.#ports.write(body, options?.halfClose === true);
  }

  /** No further message follows. Needs no credit, since it carries nothing. */
  async endInput(): Promise<void> {
    if (this.#over === undefined) await this.#ports.write(new Uint8Array(0), true);
  }

  async sendBulk(buffer: Uint8Array, start: number, end: number, prefix: Uint8Array): Promise<void> {
    await this.#credit();
    this.#spend(end - start + prefix.length);
    await this.#ports.writeBulk(buffer, start, end, prefix);
  }

  /** Gives the call up: the agent is told, and whoever waits gets `reason`. Idempotent. */
  cancel(reason: unknown): void {
    if (this.#over !== undefined) return;
    this.#ports.cancel();
    this.finish(reason ?? new OperationError('CANCELED', 'The call was given up.'));
    this.#queue.length = 0;
    this.#queuedBytes = 0;
  }

  /** From the session: an answer came. */
  receive(body: Uint8Array): void {
    if (this.#over !== undefined) return;
    this.#queuedBytes += messageCharge(body.length);
    const { id, windowBytes, misbehave } = this.#ports;
    if (this.#queuedBytes + this.#consumedBytes > windowBytes + overdraftBytes) {
      misbehave(`call ${id} got more than it had given credit for`);
      return;
    }
    this.#queue.push(new Uint8Array(body));
    this.#wakeReader();
  }

  /** From the session: credit came. */
  addCredit(bytes: number): void {
    this.#sendCredit += bytes;
    this.#grantable -= messageCharge(bytes);
    if (this.#grantable < 0) this.#ports.misbehave(`call ${this.#ports.id} was given credit without end`);
    if (this.#sendCredit > 0) this.#wakeWriter();
  }

  /** From the session: the call is over. What was queued can still be read. */
  finish(error: unknown): void {
    this.#over ??= { error };
    this.#wakeReader();
    this.#wakeWriter();
  }

  #spend(bytes: number): void {
    this.#sendCredit -= bytes;
    // As much as the grants for it can count: those of an agent that grants each small message by itself.
    this.#grantable += messageCharge(bytes);
  }

  /** Waits until the agent takes more and the session has room for it. */
  async #credit(): Promise<void> {
    while (this.#sendCredit <= 0 && this.#over === undefined) {
      await this.#granted.changed();
    }
    await this.#ports.room();
    if (this.#over !== undefined) throw this.#over.error ?? new OperationError('CANCELED', 'The call is over.');
  }

  #consume(bytes: number): void {
    this.#consumedBytes += bytes;
    this.#grant();
  }

  /** One frame at a time: a guest that does not read its port is not sent more and more of them. */
  #grant(): void {
    const isDue = this.#consumedBytes >= creditStepBytes || (this.#consumedBytes > 0 && this.#queue.length === 0);
    if (this.#over !== undefined || this.#isGranting || !isDue) return;
    const granted = this.#consumedBytes;
    this.#consumedBytes = 0;
    this.#isGranting = true;
    this.#ports.grant(granted).then(
      () => {
        this.#isGranting = false;
        this.#grant();
      },
      // The session is over, and so is this call.
      () => undefined,
    );
  }

  #wakeReader(): void {
    this.#arrived.notify();
  }

  #wakeWriter(): void {
    this.#granted.notify();
  }
}

/** Before anything is registered or paid for it. @throws OperationError INVALID_ARGUMENT */
export function checkBody(bytes: number): void {
  if (bytes > maxBodyBytes)
    throw new OperationError('INVALID_ARGUMENT', `The request has ${bytes} bytes; the maximum is ${maxBodyBytes}.`);
}
