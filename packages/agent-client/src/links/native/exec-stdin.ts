import type { ExecEventSchema, ExecRequestSchema } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { Notifier } from '@innkeeper/kit';
import { SessionLostError } from './session/session-lost-error.ts';
import type { TypedCall } from './session/typed-call.ts';

export type ExecTypedCall = TypedCall<typeof ExecRequestSchema, typeof ExecEventSchema>;

/** Maximum bytes of input that were sent and may have to be sent again. */
const maxUnacceptedBytes = 256 * 1024;
const pieceBytes = 32 * 1024;

/** Standard input of one process over all sessions: keeps what the process has not accepted, and sends it again. */
export class ExecStdin {
  /** Chunks from `#base` on. */
  #pieces: Uint8Array[] = [];
  #base = 0;
  #end = 0;
  #sent = 0;
  #ended = false;
  #endSent = false;
  #call: ExecTypedCall | undefined;
  #pumping = false;
  #failure: unknown;
  readonly #room = new Notifier();

  /** Resolves when the bytes are queued; waits while too much is unacknowledged. */
  async write(data: Uint8Array): Promise<void> {
    if (this.#ended) throw new OperationError('STDIN_CLOSED', 'Standard input has already been closed.');
    for (let at = 0; at < data.length; at += pieceBytes) {
      await this.#room.until(() => this.#end - this.#base < maxUnacceptedBytes || this.#failure !== undefined);
      if (this.#failure !== undefined) throw this.#failure;
      const piece = new Uint8Array(data.subarray(at, at + pieceBytes));
      this.#pieces.push(piece);
      this.#end += piece.length;
      this.#pump();
    }
  }

  end(): void {
    this.#ended = true;
    this.#pump();
  }

  /** A session's call has started, and the agent has input up to `offset`. */
  attach(call: ExecTypedCall, offset: number): void {
    this.#call = call;
    if (offset > this.#end) {
      // Another writer was first, such as an earlier daemon: continue from there.
      this.#pieces = [];
      this.#base = offset;
      this.#end = offset;
    }
    this.#sent = Math.max(this.#base, Math.min(offset, this.#end));
    this.accepted(offset);
    this.#endSent = false;
    this.#pump();
  }

  detach(): void {
    this.#call = undefined;
  }

  /** The process's pipe has accepted everything before `offset`. */
  accepted(offset: number): void {
    // Bytes that were not sent cannot have been accepted.
    const taken = Math.min(offset, this.#sent);
    let [first] = this.#pieces;
    while (first !== undefined && this.#base + first.length <= taken) {
      this.#base += first.length;
      this.#pieces.shift();
      [first] = this.#pieces;
    }
    this.#room.notify();
  }

  /** The process has ended; nothing needs to wait. */
  fail(reason: unknown): void {
    this.#failure ??= reason;
    this.#call = undefined;
    this.#pieces = [];
    this.#room.notify();
  }

  #pump(): void {
    if (this.#pumping || this.#call === undefined) return;
    this.#pumping = true;
    this.#sendAll(this.#call)
      .catch((error: unknown) => {
        // After a lost session the next one continues from the agent's offset. Other errors reach the call's reader.
        if (!(error instanceof SessionLostError)) this.detach();
      })
      .finally(() => {
        this.#pumping = false;
        if (this.#call !== undefined && this.#hasMore()) this.#pump();
      });
  }

  #hasMore(): boolean {
    return this.#sent < this.#end || (this.#ended && !this.#endSent);
  }

  async #sendAll(call: ExecTypedCall): Promise<void> {
    while (this.#call === call && this.#hasMore()) {
      const { offset, data } = this.#nextChunk();
      const end = this.#ended && offset + data.length === this.#end;
      this.#sent = offset + data.length;
      if (end) this.#endSent = true;
      await call.send({ input: { case: 'stdin', value: { offset: BigInt(offset), data, end } } });
    }
  }

  #nextChunk(): { offset: number; data: Uint8Array } {
    let at = this.#base;
    for (const piece of this.#pieces) {
      if (this.#sent < at + piece.length) return { offset: this.#sent, data: piece.subarray(this.#sent - at) };
      at += piece.length;
    }
    return { offset: this.#sent, data: new Uint8Array(0) };
  }
}
