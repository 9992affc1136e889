import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  GetUploadRequest,
  OpenWrite,
  UploadStateSchema,
  WriteFileEventSchema,
  WriteFileRequest,
} from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { createDeferred, onAbort } from '@innkeeper/kit';
import { type CallContext, firstOf, isBulkSink } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { parseChunk } from './parse-chunk.ts';
import { keepPartialMs, partialPath, removeOldPartials, statPartial } from './partial-files.ts';
import type { PartialFolders } from './partial-folders.ts';
import { Upload } from './upload.ts';
import { resolveTarget, type UploadTarget } from './upload-target.ts';

type Context = CallContext<typeof WriteFileEventSchema>;

/** More than the resolution of any file system's times. */
const sweepDelayMs = 5000;
/** In further ones, partial files are removed by the next upload. */
const maxSweptFolders = 1024;

/** An upload with an id that is being written. */
interface Busy {
  /** Aborted when it is about to release the file. */
  readonly signal: AbortSignal;
  readonly over: Promise<void>;
}

/**
 * Receives files: open, chunks, commit. A resumable upload whose caller is lost before the commit leaves a partial file
 * for an hour; after an error nothing is left.
 */
export class FileWriter {
  readonly #host: Host;
  readonly #stopping: AbortSignal;
  /** By path and upload id: two calls cannot write the same upload at once. */
  readonly #busy = new Map<string, Busy>();
  /** Folders with partial files that are removed by a timer. */
  readonly #swept = new Set<string>();

  readonly #folders: PartialFolders | undefined;
  readonly #unrepeatable: Set<{ readonly what: string }>;

  /**
   * @param stopping aborted when the agent stops: nothing is removed after that
   * @param unrepeatable has the uploads that run and cannot be resumed
   * @param folders remembers where partial files are created
   */
  constructor(
    host: Host,
    stopping: AbortSignal,
    unrepeatable: Set<{ readonly what: string }> = new Set(),
    folders?: PartialFolders,
  ) {
    this.#unrepeatable = unrepeatable;
    this.#folders = folders;
    this.#host = host;
    this.#stopping = stopping;
  }

  async write(input: AsyncIterator<WriteFileRequest>, context: Context): Promise<void> {
    const first = (await firstOf(input)).input;
    if (first.case !== 'open')
      throw new OperationError('INVALID_ARGUMENT', 'The first message of a write must be "open".');
    const open = first.value;
    const target = await resolveTarget(this.#host, open);
    if (open.uploadId === '') {
      const work = { what: `an upload of ${open.path} without an id` };
      this.#unrepeatable.add(work);
      try {
        await this.#write(open, target, input, context);
      } finally {
        this.#unrepeatable.delete(work);
      }
      return;
    }
    const key = `${target.path}\0${open.uploadId}`;
    await this.#waitForOld(key, open);
    const over = createDeferred<void>();
    this.#busy.set(key, { signal: context.signal, over: over.promise });
    try {
      await this.#write(open, target, input, context);
    } finally {
      this.#busy.delete(key);
      over.resolve();
    }
  }

  /** Where an upload stands. @throws OperationError INVALID_ARGUMENT, INVALID_PATH, FILE_IS_DIRECTORY, UPLOAD_BUSY */
  async state({ path, uploadId, noSymlinks }: GetUploadRequest): Promise<MessageInitShape<typeof UploadStateSchema>> {
    if (uploadId === '') throw new OperationError('INVALID_ARGUMENT', 'upload_id is missing.');
    const target = await resolveTarget(this.#host, { path, uploadId, noSymlinks });
    await this.#waitForOld(`${target.path}\0${uploadId}`, { uploadId });
    const partial = statPartial(this.#host, partialPath(target.folder, target.name, uploadId), noSymlinks);
    if (partial === undefined || target.inPlace) return {};
    return { offset: BigInt(partial.sizeBytes), modifiedUnixNs: partial.modifiedNs };
  }

  /** A lost session may still be closing the file that its successor resumes. */
  async #waitForOld(key: string, { uploadId }: Pick<OpenWrite, 'uploadId'>): Promise<void> {
    for (let old = this.#busy.get(key); old !== undefined; old = this.#busy.get(key)) {
      if (!old.signal.aborted)
        throw new OperationError('UPLOAD_BUSY', `Another session is writing the upload ${uploadId}.`);
      await old.over;
    }
  }

  async #write(
    open: OpenWrite,
    target: UploadTarget,
    input: AsyncIterator<WriteFileRequest>,
    context: Context,
  ): Promise<void> {
    if (!target.inPlace) this.#folders?.add(target.folder);
    if (!target.inPlace) removeOldPartials(this.#host, target.folder, { name: target.name, uploadId: open.uploadId });
    const upload = await Upload.begin(this.#host, open, target, context.signal);
    try {
      await context.send({ event: { case: 'opened', value: { offset: BigInt(upload.offset) } } });
      await takeChunks(upload, input, context);
    } catch (error) {
      if (!hasErrno(error, 'ENOSPC', 'EDQUOT')) throw error;
      const message = `${target.path}: the file system or quota is full.`;
      throw new OperationError('GUEST_DISK_FULL', message, { cause: error });
    } finally {
      if (upload.abandon(context.signal.aborted)) this.#sweepLater(target.folder);
    }
  }

  /** In a folder that nothing is written to again, too. */
  #sweepLater(folder: string): void {
    if (this.#swept.has(folder) || this.#swept.size >= maxSweptFolders || this.#stopping.aborted) return;
    this.#swept.add(folder);
    const cancel = this.#host.clock.setTimer(keepPartialMs + sweepDelayMs, () => {
      stopListening();
      this.#swept.delete(folder);
      try {
        removeOldPartials(this.#host, folder);
      } catch {
        // ENOENT: the folder is gone, and its partial files with it.
      }
    });
    const stopListening = onAbort(this.#stopping, cancel);
  }
}

async function takeChunks(upload: Upload, input: AsyncIterator<WriteFileRequest>, context: Context): Promise<void> {
  const { sink, signal } = context;
  for (;;) {
    if (isBulkSink(sink)) {
      // Directly from the channel's memory into the file, while messages are chunks.
      await sink.takeWhile((body) => writeChunk(upload, body));
      signal.throwIfAborted();
    }
    const next = await input.next();
    if (next.done === true) throw new OperationError('INVALID_ARGUMENT', 'The upload ended without a commit.');
    const request = next.value.input;
    if (request.case === 'chunk') {
      upload.write(Number(request.value.offset), request.value.data);
    } else if (request.case === 'commit') {
      const sha256 = await upload.commit(request.value.sha256, context.signal);
      const hash = sha256 === undefined ? {} : { sha256 };
      await context.sendLast({ event: { case: 'done', value: { bytes: BigInt(upload.bytes), ...hash } } });
      return;
    } else {
      throw new OperationError('INVALID_ARGUMENT', 'Only chunks and one commit may follow "open".');
    }
  }
}

/** Whether the message was a plain chunk, which is now written. */
function writeChunk(upload: Upload, body: Uint8Array): boolean {
  const place = parseChunk(body);
  if (place === undefined) return false;
  upload.write(place.offset, body.subarray(place.start));
  return true;
}
