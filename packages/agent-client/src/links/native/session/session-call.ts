import { OperationError } from '@innkeeper/contract/errors';
import { maxRequestBytes } from '@innkeeper/contract/limits';
import { Notifier } from '@innkeeper/kit';
import { creditStepBytes, initialAgentCredit, maxBodyBytes, messageCharge } from '@innkeeper/wire';
import { SessionLostError } from './session-lost-error.ts';
import type { TurnBudget } from './turn-budget.ts';

/** How far an agent can exceed its credit: a writer with any credit may send one whole message. */
export const overdraftBytes = 65_536;
/** Tolerance for credit beyond the bytes sent: an agent grants consumed bytes in large steps. */
const creditSlack = 4 * initialAgentCredit;

export interface SessionCallPorts {
  readonly id: number;
  /** Bytes of answers that the agent may have in flight. */
  readonly windowBytes: number;
  /** Shared by all calls of a session. */
  readonly turn: TurnBudget;
  /** Lets the agent send more; resolves when it is written. */
  grant(bytes: number): Promise<void>;
  cancel(): void;
  /** Resolves when the session has room for a message. */
  room(): Promise<void>;
  /** Writes one message, or with `more` a part of it; resolves when it is written. */
  write(body: Uint8Array, halfClose: boolean, more: boolean): Promise<void>;
  /** Whether the agent accepts messages in parts. */
  takesParts(): boolean;
  /** Resolves when no other long message of the session is being sent; the returned function lets the next one start. */
  longTurn(): Promise<() => void>;
  /** Writes one message whose last field is `data`, which lies in `buffer`. */
  writeBulk(buffer: Uint8Array, start: number, end: number, prefix: Uint8Array): Promise<void>;
  /** The guest broke the rules. */
  misbehave(why: string): void;
}

/**
 * One call from the node's side. Pulling answers grants the agent credit. Holds at most the window and one message of
 * answers; each counts at least 256 bytes, so that empty ones are bounded as well.
 */
export class SessionCall {
  readonly #ports: SessionCallPorts;
  #isForNextAgent = false;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #consumedBytes = 0;
  /** A grant is being written: bytes consumed meanwhile go into the next one. */
  #isGranting = false;
  #sendCredit = initialAgentCredit;
  /** Credit that the agent may still grant; a grant costs as much as a message. */
  #grantable = creditSlack;
  readonly #arrived = new Notifier();
  readonly #granted = new Notifier();
  #over: { readonly error: unknown } | undefined;
  /** Resolves when the rest of a long first request was sent; later messages wait for it. */
  #opening: Promise<void> | undefined;

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

  /** The newest available answer, or the next one; older ones are dropped unread. Otherwise like `next`. */
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
    checkBody(body.length, this.#ports.takesParts());
    await this.#opening;
    if (body.length > maxBodyBytes) await this.#sendParts(body, 0, options?.halfClose === true);
    else await this.#sendPart(body, options?.halfClose === true, false);
  }

  /** Sends the rest of the first request, after the part in the first frame. */
  sendRest(body: Uint8Array, halfClose: boolean): void {
    this.#opening = this.#sendParts(body, maxBodyBytes, halfClose);
    // The reader and writers of the call get the error.
    this.#opening.catch((error: unknown) => this.cancel(error));
  }

  async #sendParts(body: Uint8Array, from: number, halfClose: boolean): Promise<void> {
    const release = await this.#ports.longTurn();
    try {
      for (let at = from; at < body.length; at += maxBodyBytes) {
        const isLast = at + maxBodyBytes >= body.length;
        await this.#sendPart(body.subarray(at, at + maxBodyBytes), halfClose && isLast, !isLast);
      }
    } finally {
      release();
    }
  }

  async #sendPart(body: Uint8Array, halfClose: boolean, more: boolean): Promise<void> {
    await this.#credit();
    this.#spend(body.length);
    await this.#ports.write(body, halfClose, more);
  }

  /** Ends the requests. Needs no credit, since it carries no data. */
  async endInput(): Promise<void> {
    await this.#opening;
    if (this.#over === undefined) await this.#ports.write(new Uint8Array(0), true, false);
  }

  async sendBulk(buffer: Uint8Array, start: number, end: number, prefix: Uint8Array): Promise<void> {
    await this.#opening;
    await this.#credit();
    this.#spend(end - start + prefix.length);
    await this.#ports.writeBulk(buffer, start, end, prefix);
  }

  /** Cancels the call: the agent is notified, and waiters get `reason`. Idempotent. */
  cancel(reason: unknown): void {
    if (this.#over !== undefined) return;
    this.#ports.cancel();
    this.finish(reason ?? new OperationError('CANCELED', 'The call was canceled.'));
    this.#queue.length = 0;
    this.#queuedBytes = 0;
  }

  /** From the session: an answer arrived. */
  receive(body: Uint8Array): void {
    if (this.#over !== undefined) return;
    this.#queuedBytes += messageCharge(body.length);
    const { id, windowBytes, misbehave } = this.#ports;
    if (this.#queuedBytes + this.#consumedBytes > windowBytes + overdraftBytes) {
      misbehave(`the agent exceeded the credit of call ${id}`);
      return;
    }
    this.#queue.push(new Uint8Array(body));
    this.#wakeReader();
  }

  /** From the session: credit arrived. */
  addCredit(bytes: number): void {
    this.#sendCredit += bytes;
    this.#grantable -= messageCharge(bytes);
    if (this.#grantable < 0) this.#ports.misbehave(`the agent granted too much credit to call ${this.#ports.id}`);
    if (this.#sendCredit > 0) this.#wakeWriter();
  }

  /** From the session: the agent has not begun the call, since another version of it takes its place. */
  leaveToNextAgent(): void {
    this.#isForNextAgent = true;
  }

  /** From the session: it is lost, and with it the call. */
  lose({ reason, message }: SessionLostError): void {
    this.finish(new SessionLostError(reason, message, this.#isForNextAgent));
  }

  /** From the session: the call has ended. Queued answers can still be read. */
  finish(error: unknown): void {
    this.#over ??= { error };
    this.#wakeReader();
    this.#wakeWriter();
  }

  #spend(bytes: number): void {
    this.#sendCredit -= bytes;
    // The maximum cost of the grants for it: those of an agent that grants each small message separately.
    this.#grantable += messageCharge(bytes);
  }

  /** Waits until the agent has granted credit and the session has room. */
  async #credit(): Promise<void> {
    while (this.#sendCredit <= 0 && this.#over === undefined) {
      await this.#granted.changed();
    }
    await this.#ports.room();
    if (this.#over !== undefined) throw this.#over.error ?? new OperationError('CANCELED', 'The call has ended.');
  }

  #consume(bytes: number): void {
    this.#consumedBytes += bytes;
    this.#grant();
  }

  /** One frame at a time: frames must not pile up for a guest that does not read its port. */
  #grant(): void {
    const stepBytes = Math.min(creditStepBytes, this.#ports.windowBytes / 2);
    if (this.#over !== undefined || this.#isGranting || this.#consumedBytes < stepBytes) return;
    const granted = this.#consumedBytes;
    this.#consumedBytes = 0;
    this.#isGranting = true;
    this.#ports.grant(granted).then(
      () => {
        this.#isGranting = false;
        this.#grant();
      },
      // The session has ended, and so has this call.
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

/** Checked before anything is registered or charged. @throws OperationError INVALID_ARGUMENT */
export function checkBody(bytes: number, takesParts: boolean): void {
  const most = takesParts ? maxRequestBytes : maxBodyBytes;
  if (bytes > most)
    throw new OperationError('INVALID_ARGUMENT', `The request has ${bytes} bytes; the maximum is ${most}.`);
}
