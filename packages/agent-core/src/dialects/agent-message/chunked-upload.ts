import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { FileWriteRequest } from '@innkeeper/contract/agent-message';
import { OperationError } from '@innkeeper/contract/errors';
import { createDeferred, type Deferred, type LinkedAbort, linkSignals, Notifier } from '@innkeeper/kit';
import { commitMessage, dataMessages, type FileWrite, isLastChunk, openMessage } from '@innkeeper/wire';
import type { Dispatcher } from '../../dispatch.ts';
import type { Clock } from '../../host.ts';
import { uploadIdleMs } from './limits.ts';

interface Waiting {
  readonly write: FileWrite;
  readonly written: Deferred<void>;
}

export interface ChunkedUploadOptions {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Several file_writes as one Write: the target appears complete after the last chunk, or not at all. Chunks must come
 * in order; each is answered when it is written.
 */
export class ChunkedUpload {
  readonly #clock: Clock;
  readonly #linked: LinkedAbort;
  readonly #waiting: Waiting[] = [];
  readonly #arrived = new Notifier();
  #stopIdleTimer: (() => void) | undefined;
  #expectedChunk = 0;
  #expectedOffset = 0n;
  /** Why no further chunk is accepted; returned to every later chunk. */
  #failure: OperationError | undefined;
  /** The last chunk has arrived. */
  #complete = false;
  /** The call has ended. */
  ended = false;

  constructor(first: FileWriteRequest, options: ChunkedUploadOptions) {
    const linked = linkSignals(options.signal);
    this.#clock = options.clock;
    this.#linked = linked;
    const limits = { signal: linked.signal, timeoutMs: 0 };
    options.dispatcher
      .call(FileServiceLite.write.name, this.#requests(first), async () => undefined, limits)
      .then(
        () => this.#end(undefined),
        (error: unknown) => this.#end(OperationError.from(error)),
      )
      .finally(linked.unlink);
  }

  /** Resolves when the chunk is written; for the last one, when the file has replaced the target. */
  take(write: FileWrite): Promise<void> {
    const { request, data } = write;
    const fault = this.#failure ?? this.#gap(request);
    if (fault !== undefined) {
      this.abort(fault);
      return Promise.reject(fault);
    }
    this.#expectedChunk++;
    this.#expectedOffset += BigInt(data.bytes);
    this.#complete = isLastChunk(request);
    const waiting: Waiting = { write, written: createDeferred<void>() };
    this.#waiting.push(waiting);
    this.#stopIdleTimer?.();
    this.#stopIdleTimer = undefined;
    this.#arrived.notify();
    return waiting.written.promise;
  }

  /** Cancels the upload and discards what was written. */
  abort(reason: OperationError): void {
    this.#failure ??= reason;
    this.#linked.abort(reason);
    this.#arrived.notify();
  }

  #gap(request: FileWriteRequest): OperationError | undefined {
    if (this.#complete) return new OperationError('UPLOAD_GAP', 'A chunk arrived after the last one.');
    const { chunkNumber, offset } = request;
    if (chunkNumber !== this.#expectedChunk || (offset !== 0n && offset !== this.#expectedOffset)) {
      const wanted = `chunk ${this.#expectedChunk} at ${this.#expectedOffset}`;
      return new OperationError(
        'UPLOAD_GAP',
        `Chunk ${chunkNumber} at ${offset} arrived where ${wanted} was expected.`,
      );
    }
    return undefined;
  }

  async *#requests(first: FileWriteRequest): AsyncIterable<Uint8Array> {
    yield openMessage(first);
    let offset = 0n;
    for (;;) {
      const waiting = await this.#next();
      const { request, data } = waiting.write;
      yield* dataMessages(data, offset);
      offset += BigInt(data.bytes);
      if (isLastChunk(request)) {
        yield commitMessage();
        return;
      }
      // The reader asks for the next chunk: the previous one is written.
      this.#waiting.shift();
      waiting.written.resolve();
    }
  }

  /** The next chunk; waits for at most `uploadIdleMs`. */
  async #next(): Promise<Waiting> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const next = this.#waiting[0];
      if (next !== undefined) return next;
      const idle = new OperationError('DEADLINE_EXCEEDED', `The next chunk did not arrive within ${uploadIdleMs} ms.`);
      this.#stopIdleTimer = this.#clock.setTimer(uploadIdleMs, () => this.abort(idle));
      await this.#arrived.changed();
    }
  }

  #end(error: OperationError | undefined): void {
    this.ended = true;
    this.#stopIdleTimer?.();
    const failure = this.#failure ?? error;
    this.#failure = failure ?? new OperationError('UPLOAD_GAP', 'This upload is already complete.');
    for (const waiting of this.#waiting.splice(0)) {
      if (failure === undefined) waiting.written.resolve();
      else waiting.written.reject(failure);
    }
  }
}
