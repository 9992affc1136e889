import type { ExecEventSchema, ExecRequestSchema } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { SessionLostError } from './session/session-lost-error.ts';
import type { TypedCall } from './session/typed-call.ts';

export type ExecTypedCall = TypedCall<typeof ExecRequestSchema, typeof ExecEventSchema>;

/** Input that was sent and may have to be sent again. */
const maxUnacceptedBytes = 256 * 1024;
const pieceBytes = 32 * 1024;

/** Standard input of one process over all sessions: keeps what the process has not taken, and sends it again. */
export class ExecStdin {
  /** Pieces from `#base` on. */
  #pieces: Uint8Array[] = [];
  #base = 0;
  #end = 0;
  #sent = 0;
  #ended = false;
  #endSent = false;
  #call: ExecTypedCall | undefined;
  #pumping = false;
  #failure: unknown;
  #room: (() => void)[] = [];

  /** Resolves when the bytes are queued; waits while too much is on its way. */
  async write(data: Uint8Array): Promise<void> {
    if (this.#ended) throw new OperationError('STDIN_CLOSED', 'Standard input was ended.');
    for (let at = 0; at < data.length; at += pieceBytes) {
      while (this.#end - this.#base >= maxUnacceptedBytes && this.#failure === undefined)
        await new Promise<void>((resolve) => this.#room.push(resolve));
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
      // Somebody else wrote before us, such as a daemon that is gone: we go on from there.
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

  /** The process's pipe has taken all before `offset`. */
  accepted(offset: number): void {
    // Nobody can have taken what was not sent.
    const taken = Math.min(offset, this.#sent);
    let [first] = this.#pieces;
    while (first !== undefined && this.#base + first.length <= taken) {
      this.#base += first.length;
      this.#pieces.shift();
      [first] = this.#pieces;
    }
    for (const wake of this.#room.splice(0)) wake();
  }

  /** The process is gone; nobody needs to wait. */
  fail(reason: unknown): void {
    this.#failure ??= reason;
    this.#call = undefined;
    this.#pieces = [];
    for (const wake of this.#room.splice(0)) wake();
  }

  #pump(): void {
    if (this.#pumping || this.#call === undefined) return;
    this.#pumping = true;
    this.#sendAll(this.#call)
      .catch((error: unknown) => {
        // A lost session: the next one begins again from the agent's offset. Else the call itself tells its reader.
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
      const { offset, data } = this.#nextPiece();
      const end = this.#ended && offset + data.length === this.#end;
      this.#sent = offset + data.length;
      if (end) this.#endSent = true;
      await call.send({ input: { case: 'stdin', value: { offset: BigInt(offset), data, end } } });
    }
  }

  #nextPiece(): { offset: number; data: Uint8Array } {
    let at = this.#base;
    for (const piece of this.#pieces) {
      if (this.#sent < at + piece.length) return { offset: this.#sent, data: piece.subarray(this.#sent - at) };
      at += piece.length;
    }
    return { offset: this.#sent, data: new Uint8Array(0) };
  }
}
