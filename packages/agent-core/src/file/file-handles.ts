import type {
  CreateHandleRequest,
  OpenHandleRequest,
  ReadHandleEventSchema,
  ReadHandleRequest,
  SeekHandleRequest,
  WriteHandleRequest,
  WriteHandleResponseSchema,
} from '@innkeeper/contract/agent';
import { SeekFrom } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { type CallContext, firstOf } from '../dispatch.ts';
import type { FileHandle, Host } from '../host.ts';
import { HostError } from '../host-error.ts';
import { CountedWork } from '../update/counted-work.ts';
import { checkPath } from './check-path.ts';
import { openOptions } from './open-options.ts';

const maxOpen = 256;
const firstHandle = 1000;
const pieceBytes = 48 * 1024;
const syncTimeoutMs = 60_000;

interface OpenFile {
  readonly file: FileHandle;
  /** It has positions: not a terminal, a FIFO or the like. */
  readonly hasPositions: boolean;
  readonly isAppended: boolean;
  position: number;
  /** An update of the agent need not wait for it any more. */
  readonly release: () => void;
}

/** Files that callers open, use with several calls, and close. They outlive connections. */
export class FileHandles {
  readonly #host: Host;
  readonly #counterPath: string | undefined;
  readonly #work: CountedWork;
  readonly #open = new Map<bigint, OpenFile>();
  #next: number | undefined;

  /**
   * @param counterPath where the next handle is kept, so that an agent never gives one that an earlier one gave
   * @param unrepeatable has the open files, which the next program of an agent could not continue with
   */
  constructor(host: Host, counterPath: string | undefined, unrepeatable: Set<{ readonly what: string }> = new Set()) {
    this.#host = host;
    this.#counterPath = counterPath;
    this.#work = new CountedWork(unrepeatable, (count) => `${count} open file ${count === 1 ? 'handle' : 'handles'}`);
  }

  /** @param host whose files may be opened */
  open(host: Host, { path }: OpenHandleRequest): { readonly handle: bigint } {
    return this.#add(host, path, { access: 'read' });
  }

  create(host: Host, { path, read, create, truncate, append }: CreateHandleRequest): { readonly handle: bigint } {
    return this.#add(host, path, { access: read ? 'read-write' : 'write', create, truncate, append, mode: 0o666 });
  }

  /** Sends the bytes from the position on, then the end. */
  async read(
    { handle, length }: ReadHandleRequest,
    { send, signal }: CallContext<typeof ReadHandleEventSchema>,
  ): Promise<void> {
    const open = this.#find(handle);
    const buffer = new Uint8Array(Number(length < pieceBytes ? length : pieceBytes));
    let left = Number(length);
    let got = 0;
    while (left > 0) {
      signal.throwIfAborted();
      got = this.#readSome(open, left < buffer.length ? buffer.subarray(0, left) : buffer);
      if (got <= 0) break;
      left -= got;
      await send({ event: { case: 'data', value: buffer.subarray(0, got) } });
    }
    const bytes = length - BigInt(left);
    if (got < 0 && bytes === 0n) throw new HostError('EAGAIN', 'read');
    await send({ event: { case: 'done', value: { bytes, end: left > 0 && got === 0 } } });
  }

  async write(
    input: AsyncIterator<WriteHandleRequest>,
    { send }: CallContext<typeof WriteHandleResponseSchema>,
  ): Promise<void> {
    const first = await firstOf(input);
    if (first.input.case !== 'handle')
      throw new OperationError('INVALID_ARGUMENT', 'The first request of a write must be the handle.');
    const open = this.#find(first.input.value);
    let bytes = 0;
    for (;;) {
      const next = await input.next();
      if (next.done === true) break;
      if (next.value.input.case !== 'data') continue;
      this.#writeSome(open, next.value.input.value);
      bytes += next.value.input.value.length;
    }
    await send({ bytes: BigInt(bytes) });
  }

  seek({ handle, offset, from }: SeekHandleRequest): { readonly position: bigint } {
    const open = this.#find(handle);
    if (!open.hasPositions) throw new HostError('ESPIPE', 'lseek');
    const end = (): number => this.#host.files.statHandle(open.file).sizeBytes;
    const base = from === SeekFrom.END ? end() : from === SeekFrom.POSITION ? open.position : 0;
    const position = BigInt(base) + offset;
    if (position < 0n || position > BigInt(Number.MAX_SAFE_INTEGER)) throw new HostError('EINVAL', 'lseek');
    open.position = Number(position);
    return { position };
  }

  async flush(handle: bigint): Promise<Record<string, never>> {
    const { file, hasPositions } = this.#find(handle);
    if (hasPositions) await this.#host.files.sync(file, syncTimeoutMs);
    return {};
  }

  close(handle: bigint): Record<string, never> {
    const { file, release } = this.#find(handle);
    this.#open.delete(handle);
    release();
    file.close();
    return {};
  }

  #find(handle: bigint): OpenFile {
    const open = this.#open.get(handle);
    if (open === undefined) throw new OperationError('HANDLE_NOT_FOUND', `No file has the handle ${handle}.`);
    return open;
  }

  #add(host: Host, path: string, options: Parameters<typeof openOptions>[0]): { readonly handle: bigint } {
    checkPath(path);
    if (this.#open.size >= maxOpen)
      throw new OperationError('TOO_MANY_CALLS', `${maxOpen} files are open, the maximum. Close some.`);
    const file = host.files.open(path, openOptions({ ...options, nonBlocking: true }));
    const { type } = host.files.statHandle(file);
    const hasPositions = type === 'regular' || type === 'block' || type === 'directory';
    const handle = BigInt(this.#nextHandle());
    this.#open.set(handle, {
      file,
      hasPositions,
      isAppended: options.append === true,
      position: 0,
      release: this.#work.add(),
    });
    return { handle };
  }

  #readSome(open: OpenFile, into: Uint8Array): number {
    const { files } = this.#host;
    const got = open.hasPositions ? files.read(open.file, into, open.position) : files.readNext(open.file, into);
    if (got > 0) open.position += got;
    return got;
  }

  #writeSome(open: OpenFile, data: Uint8Array): void {
    const { files } = this.#host;
    if (open.hasPositions && !open.isAppended) {
      files.write(open.file, data, open.position);
      open.position += data.length;
      return;
    }
    files.writeNext(open.file, data);
    if (open.hasPositions) open.position = files.statHandle(open.file).sizeBytes;
  }

  /** Kept before it is used, in the form of qemu-ga. */
  #nextHandle(): number {
    const handle = this.#next ?? this.#readCounter();
    this.#next = handle + 1;
    this.#writeCounter(this.#next);
    return handle;
  }

  #readCounter(): number {
    if (this.#counterPath === undefined) return firstHandle;
    try {
      const [, text] = /^fd_counter=(\d{1,15})$/m.exec(this.#host.files.readText(this.#counterPath, 4096)) ?? [];
      return Math.max(firstHandle, Number(text ?? 0));
    } catch {
      // ENOENT: the first agent since boot.
      return firstHandle;
    }
  }

  #writeCounter(next: number): void {
    if (this.#counterPath === undefined) return;
    const { files } = this.#host;
    const options = { access: 'write', create: true, truncate: true, mode: 0o600, noSymlinks: true } as const;
    try {
      const file = files.open(this.#counterPath, openOptions(options));
      try {
        files.write(file, new TextEncoder().encode(`[global]\nfd_counter=${next}\n`), 0);
      } finally {
        file.close();
      }
    } catch {
      // EROFS, ENOSPC: only an agent after this one could give a handle again, whose files are not open any more.
    }
  }
}
