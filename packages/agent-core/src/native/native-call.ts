import { OperationError } from '@innkeeper/contract/errors';
import type { LiteMethod } from '@innkeeper/contract/lite';
import type { ByteOps } from '@innkeeper/wire';
import { bulkHeadroom, bulkTailroom, encodeFrame, sealStreamMessage } from '@innkeeper/wire';
import type { CallSink } from '../dispatch.ts';
import { InputQueue } from './input-queue.ts';
import type { Outbox } from './outbox.ts';
import { SendCredit } from './send-credit.ts';

/** Bytes of a file in one frame: with the head of the message it stays below a frame's limit, and is whole pages. */
const bulkBytes = 61_440;
/** Consumed bytes are granted again in steps of this size. */
const creditStepBytes = 32 * 1024;

export interface NativeCallOptions {
  readonly id: number;
  readonly method: LiteMethod | undefined;
  readonly session: Uint8Array;
  readonly credit: number;
  readonly outbox: Outbox;
  readonly ops: ByteOps;
}

/** One call of a session: its input, its credit both ways, and where its answers go. */
export class NativeCall implements CallSink {
  readonly id: number;
  readonly input: InputQueue;
  readonly controller = new AbortController();
  /** Whether the work is to go on when the session ends. */
  readonly detaches: boolean;
  readonly #options: NativeCallOptions;
  readonly #sendCredit: SendCredit;
  readonly #unary: boolean;
  #consumedBytes = 0;
  #answer: Uint8Array | undefined;
  #scratch: Uint8Array | undefined;
  #over = false;

  constructor(options: NativeCallOptions) {
    this.#options = options;
    this.id = options.id;
    this.#unary = options.method?.kind === 'unary';
    this.detaches = options.method?.onDisconnect === 'detach';
    this.#sendCredit = new SendCredit(options.credit);
    this.input = new InputQueue((bytes) => this.#onConsumed(bytes));
  }

  get unacknowledgedBytes(): number {
    return this.#sendCredit.unacknowledgedBytes;
  }

  /** Called when the other side has consumed something. */
  onAcknowledged: (() => void) | undefined;

  grant(bytes: number): void {
    this.#sendCredit.grant(bytes);
    this.onAcknowledged?.();
  }

  /** Ends everything that waits, with this reason. */
  abort(reason: unknown): void {
    this.#over = true;
    this.controller.abort(reason);
    this.input.fail(reason);
    this.#sendCredit.fail(reason);
  }

  async send(body: Uint8Array): Promise<void> {
    if (this.#over) throw this.controller.signal.reason ?? new OperationError('CANCELED', 'The call is over.');
    const frame = this.#frameOf(body);
    // A unary answer leaves together with its end.
    if (this.#unary) {
      this.#answer = frame;
      return;
    }
    await this.#sendCredit.available();
    this.#sendCredit.spend(body.length);
    await this.#options.outbox.send(frame);
  }

  async sendBulk(
    maxBytes: number,
    fill: (into: Uint8Array) => number,
    prefixOf: (count: number) => Uint8Array,
  ): Promise<number> {
    await this.#sendCredit.available();
    let count = 0;
    await this.#options.outbox.sendBulk(() => {
      if (this.#over) return undefined;
      this.#scratch ??= new Uint8Array(bulkHeadroom + bulkBytes + bulkTailroom);
      const end = bulkHeadroom + Math.min(maxBytes, bulkBytes);
      count = fill(this.#scratch.subarray(bulkHeadroom, end));
      if (count === 0) return undefined;
      const prefix = prefixOf(count);
      this.#sendCredit.spend(prefix.length + count);
      const { session, ops } = this.#options;
      return sealStreamMessage(this.#scratch, bulkHeadroom, bulkHeadroom + count, {
        session,
        callId: this.id,
        prefix,
        ops,
      });
    });
    return count;
  }

  /** The last frame of the call, after its unary answer if it has one. */
  end(error: OperationError | undefined): void {
    const { outbox } = this.#options;
    this.#over = true;
    if (this.#answer !== undefined && error === undefined) outbox.post(this.#answer);
    outbox.post(
      this.#frame({
        case: 'end',
        value: {
          callId: this.id,
          code: error?.codeNumber ?? 0,
          reason: error?.reason ?? '',
          message: error?.message.slice(0, 4096) ?? '',
        },
      }),
    );
  }

  #frameOf(body: Uint8Array): Uint8Array {
    return this.#frame({ case: 'message', value: { callId: this.id, body } });
  }

  #frame(payload: Parameters<typeof encodeFrame>[1]): Uint8Array {
    return encodeFrame(this.#options.session, payload, this.#options.ops);
  }

  #onConsumed(bytes: number): void {
    this.#consumedBytes += bytes;
    // In steps; or at once when nothing is left to take and the writer may be waiting for it.
    if (
      this.#over ||
      (this.#consumedBytes < creditStepBytes && this.input.queuedBytes > 0) ||
      this.#consumedBytes === 0
    )
      return;
    this.#options.outbox.post(this.#frame({ case: 'credit', value: { callId: this.id, bytes: this.#consumedBytes } }));
    this.#consumedBytes = 0;
  }
}
