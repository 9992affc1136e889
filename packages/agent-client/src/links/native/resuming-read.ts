import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type FileChunk,
  type FileInfo,
  FileKind,
  type ReadFileDone,
  type ReadFileRequestSchema,
} from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import type { CallOptions, FileReading } from '../../agent-link.ts';
import { checkHash, checkTotal, misbehaves, offsetOf } from '../../guest-claims.ts';
import { fileReading } from '../file-reading.ts';
import type { LinkSessions } from './link-sessions.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { openInTurn } from './session/typed-call.ts';

type ReadRequest = MessageInitShape<typeof ReadFileRequestSchema>;

/**
 * Reads a file over any number of sessions. A regular file with the same size and change time continues where it was; a
 * changed one fails with FILE_CHANGED. The agent's hash covers one session only, so after a resume there is none.
 */
export function resumingRead(
  sessions: LinkSessions,
  request: ReadRequest,
  options: CallOptions,
  neverAborted: AbortSignal,
): FileReading {
  const signal = options.signal ?? neverAborted;
  return fileReading(({ onInfo, onDone }) => new Reader(sessions, request, signal, onInfo, onDone).chunks());
}

class Reader {
  readonly #sessions: LinkSessions;
  readonly #request: ReadRequest;
  readonly #signal: AbortSignal;
  readonly #onInfo: (info: FileInfo) => void;
  readonly #onDone: (done: ReadFileDone) => void;
  #first: FileInfo | undefined;
  #read = 0;

  constructor(
    sessions: LinkSessions,
    request: ReadRequest,
    signal: AbortSignal,
    onInfo: (info: FileInfo) => void,
    onDone: (done: ReadFileDone) => void,
  ) {
    this.#sessions = sessions;
    this.#request = request;
    this.#signal = signal;
    this.#onInfo = onInfo;
    this.#onDone = onDone;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (let resumed = false; ; resumed = true) {
      try {
        yield* this.#oneSession(resumed);
        return;
      } catch (error) {
        if (!(error instanceof SessionLostError)) throw error;
        if (this.#first !== undefined && this.#first.kind !== FileKind.REGULAR)
          throw new OperationError('AGENT_UNREACHABLE', `The download failed: ${error.message}`, { cause: error });
      }
    }
  }

  async *#oneSession(resumed: boolean): AsyncGenerator<Uint8Array> {
    const { session } = await this.#sessions.ready(this.#signal);
    const start = (this.#request.offset ?? 0n) + BigInt(this.#read);
    const length = this.#request.length ?? 0n;
    const left = length === 0n ? 0n : length - BigInt(this.#read);
    if (length !== 0n && left <= 0n) {
      this.#finish(new Uint8Array(0));
      return;
    }
    const rest = { ...this.#request, offset: start, length: left };
    using call = await openInTurn(session, FileServiceLite.read, rest, { signal: this.#signal });
    const before = this.#read;
    for (let isKnown = false; ; ) {
      const event = (await call.next())?.event;
      if (event?.case === 'info' && !isKnown) {
        isKnown = true;
        this.#admit(event.value);
      } else if (event?.case === 'chunk' && isKnown) {
        this.#take(event.value);
        yield event.value.data;
      } else if (event?.case === 'done' && isKnown) {
        checkTotal(event.value.bytes, this.#read - before, 'The download');
        checkHash(event.value.sha256, this.#request.sha256 ?? false);
        this.#finish(
          resumed && this.#read > 0 && start > (this.#request.offset ?? 0n) ? new Uint8Array(0) : event.value.sha256,
        );
        return;
      } else {
        throw misbehaves('A download must be info, chunks and "done", in this order.');
      }
    }
  }

  /** Chunks must be in order, not empty, and no more than requested. */
  #take({ offset, data }: FileChunk): void {
    const { offset: start = 0n, length = 0n } = this.#request;
    if (offsetOf(offset, 'The offset of a chunk') !== Number(start) + this.#read)
      throw misbehaves('A chunk of a file is out of order.');
    if (data.length === 0) throw misbehaves('A chunk of a file is empty.');
    this.#read += data.length;
    if (length > 0n && this.#read > Number(length))
      throw misbehaves(`More arrived than the ${length} requested bytes.`);
  }

  #admit(info: FileInfo): void {
    if (
      this.#first !== undefined &&
      (info.sizeBytes !== this.#first.sizeBytes || info.modifiedUnixNs !== this.#first.modifiedUnixNs)
    )
      throw new OperationError('FILE_CHANGED', `${info.path} was changed while it was being read.`);
    this.#first ??= info;
    this.#onInfo(info);
  }

  #finish(sha256: Uint8Array): void {
    this.#onDone({ $typeName: 'innkeeper.agent.v1.ReadFileDone', bytes: BigInt(this.#read), sha256 });
  }
}
