import type { MessageInitShape } from '@bufbuild/protobuf';
import type { EndSchema } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import type { ByteOps } from '@innkeeper/wire';
import { creditStepBytes, encodeFrame, messageCharge, sealStreamMessage } from '@innkeeper/wire';
import type { BulkSink, MethodRules } from '../../dispatch.ts';
import { InputQueue } from './input-queue.ts';
import type { BulkStream, Outbox } from './outbox.ts';
import { type PartsBudget, RequestParts } from './request-parts.ts';
import { SendCredit } from './send-credit.ts';

const maxMessageChars = 4096;

export interface NativeCallOptions {
  readonly id: number;
  /** Its method, which is known once its handler has begun. */
  readonly method: () => MethodRules | undefined;
  readonly session: Uint8Array;
  readonly credit: number;
  readonly outbox: Outbox;
  readonly parts: PartsBudget;
  readonly ops: ByteOps;
}

/** The end frame of a call, with its error. */
export function endOf(callId: number, error: OperationError | undefined): MessageInitShape<typeof EndSchema> {
  if (error === undefined) return { callId };
  const { codeNumber: code, reason, message } = error;
  return { callId, code, reason, message: message.slice(0, maxMessageChars) };
}

/** One call of a session: its input, its credit both ways, and the sink of its answers. */
export class NativeCall implements BulkSink {
  readonly id: number;
  readonly input: InputQueue;
  readonly #options: NativeCallOptions;
  readonly #controller = new AbortController();
  readonly #sendCredit: SendCredit;
  readonly #parts: RequestParts;
  #consumedBytes = 0;
  #answer: Uint8Array | undefined;
  #stream: BulkStream | undefined;
  #over = false;

  constructor(options: NativeCallOptions) {
    this.#options = options;
    this.id = options.id;
    this.#sendCredit = new SendCredit(options.credit);
    this.#parts = new RequestParts(options.parts);
    this.input = new InputQueue((bytes) => this.#onConsumed(bytes));
  }

  /** Aborted when the answer is no longer wanted. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get unacknowledgedBytes(): number {
    return this.#sendCredit.unacknowledgedBytes;
  }

  /** Called when the other side has consumed something. */
  onAcknowledged: (() => void) | undefined;

  /**
   * Takes a request, or with `more` a part of it. The first part of a call needs no credit, as a first request.
   * @throws OperationError INVALID_ARGUMENT, TOO_MANY_CALLS
   */
  receive(body: Uint8Array, { more, isFirst }: { readonly more: boolean; readonly isFirst: boolean }): void {
    if (this.#over) return;
    if (!more && !this.#parts.isOpen) {
      this.input.push(body);
      return;
    }
    this.#parts.push(body);
    if (!isFirst) this.#onConsumed(body.length);
    if (!more) this.input.push(this.#parts.join(), { isPaid: true });
  }

  grant(bytes: number): void {
    if (this.#over) return;
    this.#sendCredit.grant(bytes);
    this.onAcknowledged?.();
    this.#stream?.resume();
  }

  /** Ends all waits with this reason and sends nothing: the session is gone. */
  abort(reason: unknown): void {
    this.#over = true;
    this.#controller.abort(reason);
    this.input.fail(reason);
    this.#parts.clear();
    this.#sendCredit.fail(reason);
    this.#stream?.end(reason);
  }

  /** See InputQueue. */
  takeWhile(take: (body: Uint8Array) => boolean): Promise<void> {
    return this.input.takeWhile(take);
  }

  async send(body: Uint8Array): Promise<void> {
    this.#checkOpen();
    const frame = this.#frame({ case: 'message', value: { callId: this.id, body } });
    // A unary answer is written together with its end.
    if (this.#options.method()?.kind === 'unary') {
      this.#answer = frame;
      return;
    }
    await this.#sendCredit.available();
    this.#sendCredit.spend(messageCharge(body.length));
    await this.#options.outbox.send(frame);
  }

  /** The answer is written with the end of the call, so that the node is woken once. */
  async sendLast(body: Uint8Array): Promise<void> {
    this.#checkOpen();
    await this.#sendCredit.available();
    this.#sendCredit.spend(messageCharge(body.length));
    this.#answer = this.#frame({ case: 'message', value: { callId: this.id, body } });
  }

  async sendBulk(
    maxBytes: number,
    fill: (into: Uint8Array) => number,
    prefixOf: (count: number) => Uint8Array,
  ): Promise<number> {
    await this.#sendCredit.available();
    let count = 0;
    await this.#options.outbox.sendBulk((scratch, start, end) => {
      this.#checkOpen();
      count = fill(scratch.subarray(start, Math.min(end, start + maxBytes)));
      if (count === 0) return undefined;
      const prefix = prefixOf(count);
      this.#sendCredit.spend(messageCharge(prefix.length + count));
      const { session, ops } = this.#options;
      return sealStreamMessage(scratch, start, start + count, { session, callId: this.id, prefix, ops });
    });
    return count;
  }

  async sendStream(fill: (into: Uint8Array) => number, prefixOf: (count: number) => Uint8Array): Promise<void> {
    this.#checkOpen();
    const { outbox, session, ops } = this.#options;
    const callId = this.id;
    const stream = outbox.sendStream(
      (scratch, start, end) => {
        const count = fill(scratch.subarray(start, end));
        if (count === 0) return undefined;
        const prefix = prefixOf(count);
        this.#sendCredit.spend(messageCharge(prefix.length + count));
        return sealStreamMessage(scratch, start, start + count, { session, callId, prefix, ops });
      },
      () => this.#sendCredit.isAvailable,
    );
    this.#stream = stream;
    try {
      await stream.done;
    } finally {
      this.#stream = undefined;
    }
  }

  /** The last frame of the call, after its last answer if that waits for it. Does nothing if the call has already ended. */
  end(error: OperationError | undefined): void {
    if (this.#over) return;
    const { outbox } = this.#options;
    if (this.#answer !== undefined && error === undefined) outbox.post(this.#answer);
    outbox.post(this.#frame({ case: 'end', value: endOf(this.id, error) }));
    // Work still running for this call ends at its next step.
    this.abort(error ?? new OperationError('CANCELED', 'The call has ended.'));
  }

  #checkOpen(): void {
    if (this.#over) throw this.#controller.signal.reason;
  }

  #frame(payload: Parameters<typeof encodeFrame>[1]): Uint8Array {
    return encodeFrame(this.#options.session, payload, this.#options.ops);
  }

  #onConsumed(bytes: number): void {
    this.#consumedBytes += bytes;
    if (this.#over || this.#consumedBytes < creditStepBytes) return;
    this.#options.outbox.post(this.#frame({ case: 'credit', value: { callId: this.id, bytes: this.#consumedBytes } }));
    this.#consumedBytes = 0;
  }
}
