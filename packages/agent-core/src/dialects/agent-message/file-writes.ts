import type { FileWriteRequest } from '@innkeeper/contract/agent-message';
import { OperationError } from '@innkeeper/contract/errors';
import { type AgentMessageReply, type FileWrite, fileWriteCall, fileWriteKind, fileWriteReply } from '@innkeeper/wire';
import { runCall } from '../../serving/run-call.ts';
import { ChunkedUpload, type ChunkedUploadOptions } from './chunked-upload.ts';
import { maxSeries } from './limits.ts';

/** Writes in place to one path, in order. */
interface InPlace {
  tail: Promise<unknown>;
  running: number;
}

/**
 * The file_writes of one session. Those to one path are carried out in the order of arrival; after a failure, the later
 * chunks of an upload are refused, so that they never land in the file that it was to replace.
 */
export class FileWrites {
  readonly #options: ChunkedUploadOptions;
  readonly #series = new Map<string, ChunkedUpload | InPlace>();

  constructor(options: ChunkedUploadOptions) {
    this.#options = options;
  }

  /** The response to one file_write. Never rejects. */
  async write(write: FileWrite): Promise<AgentMessageReply> {
    try {
      return await this.#route(write);
    } catch (error) {
      return fileWriteReply(write, OperationError.from(error));
    }
  }

  async #route(write: FileWrite): Promise<AgentMessageReply> {
    const { request } = write;
    const kind = fileWriteKind(request);
    const known = this.#series.get(request.path);
    if (kind === 'later' && known instanceof ChunkedUpload && (!known.ended || request.totalChunks > 1)) {
      await known.take(write);
      return fileWriteReply(write, undefined);
    }
    if (kind === 'later' && known === undefined && this.#belongsToLostUpload(request)) {
      throw new OperationError(
        'UPLOAD_GAP',
        'The earlier chunks of this upload are missing; start again with the first chunk.',
      );
    }
    if (known instanceof ChunkedUpload) {
      known.abort(new OperationError('CANCELED', 'A new write of the same file has started.'));
    }
    if (kind !== 'first') return this.#writeInPlace(write, known);
    const upload = new ChunkedUpload(request, this.#options);
    this.#remember(request.path, upload);
    await upload.take(write);
    return fileWriteReply(write, undefined);
  }

  #belongsToLostUpload(request: FileWriteRequest): boolean {
    return request.chunkNumber > 0 && request.totalChunks > 1 && !request.append;
  }

  #writeInPlace(write: FileWrite, known: ChunkedUpload | InPlace | undefined): Promise<AgentMessageReply> {
    const row = known === undefined || known instanceof ChunkedUpload ? { tail: Promise.resolve(), running: 0 } : known;
    this.#remember(write.request.path, row);
    row.running++;
    const reply = row.tail.then(() => {
      const { dispatcher, signal } = this.#options;
      return runCall(fileWriteCall(write), dispatcher, { signal });
    });
    row.tail = reply.finally(() => {
      row.running--;
    });
    return reply;
  }

  /** Moves it to the end; drops the oldest idle one if there are too many. */
  #remember(path: string, series: ChunkedUpload | InPlace): void {
    this.#series.delete(path);
    if (this.#series.size >= maxSeries) this.#forgetOldest();
    this.#series.set(path, series);
  }

  #forgetOldest(): void {
    for (const [path, series] of this.#series) {
      if (series instanceof ChunkedUpload ? !series.ended : series.running > 0) continue;
      this.#series.delete(path);
      return;
    }
    throw new OperationError('TOO_MANY_CALLS', `${maxSeries} files are already being written, the maximum.`);
  }
}
