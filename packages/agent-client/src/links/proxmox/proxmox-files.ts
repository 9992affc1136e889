import { randomBytes } from 'node:crypto';
import { OperationError } from '@innkeeper/contract/errors';
import { mib, pause } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import { type Fields, objectOf, textOf, wholeOf } from '../foreign/fields.ts';
import type { ProxmoxRequest } from './ask-proxmox.ts';
import { bytesOfText } from './proxmox-answers.ts';

/** Most files that are open at a time: each that is read is in memory. */
const maxOpen = 4;
/** What the API reads of a file. */
const maxFileBytes = 16 * mib;
/** As characters of JSON, most of them of one or two bytes. */
const maxAnswerBytes = 64 * mib;
const transferTimeoutMs = 60_000;
/** Characters of a content as a form sends it, with room for the path below the 64 KiB that the API takes. */
const maxFormChars = 50_000;
/** Appends one file to another, and removes it, also after a failure. */
const append = 'cat -- "$1" >> "$2"; code=$?; rm -f -- "$1"; exit "$code"';
const firstPollMs = 20;
const lastPollMs = 500;

interface OpenFile {
  readonly path: string;
  /** Undefined: open for writing. */
  readonly content: Buffer | undefined;
  position: number;
  writes: number;
}

export type AskAgent = (request: ProxmoxRequest, command: string, signal: AbortSignal) => Promise<unknown>;

/**
 * The agent's handles over an API that has none: it reads a file whole, up to 16 MiB, and writes one of up to 60 KiB. More is
 * written piece by piece, each appended by a command of the guest.
 */
export class ProxmoxFiles {
  readonly #ask: AskAgent;
  readonly #clock: LinkClock;
  readonly #open = new Map<number, OpenFile>();
  #lastHandle = 1000;

  constructor(ask: AskAgent, clock: LinkClock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** Answers a command about files as the agent does; undefined for any other. */
  async serve(command: string, given: Fields, signal: AbortSignal): Promise<unknown> {
    switch (command) {
      case 'guest-file-open':
        return await this.#openFile(textOf(given['path']), given['mode'] === 'w', signal);
      case 'guest-file-read':
        return this.#read(this.#file(given), wholeOf(given['count'] ?? 4096, 'The count'));
      case 'guest-file-seek':
        return this.#seek(this.#file(given), given);
      case 'guest-file-write':
        return await this.#write(this.#file(given), textOf(given['buf-b64']), signal);
      case 'guest-file-flush':
        return {};
      case 'guest-file-close':
        return await this.#close(given, signal);
      default:
        return undefined;
    }
  }

  async #openFile(path: string, isWritten: boolean, signal: AbortSignal): Promise<number> {
    if (this.#open.size >= maxOpen)
      throw new OperationError(
        'TOO_MANY_CALLS',
        `Through Proxmox VE, at most ${maxOpen} files of a VM are open at a time.`,
      );
    const content = isWritten ? undefined : await this.#readWhole(path, signal);
    this.#lastHandle += 1;
    this.#open.set(this.#lastHandle, { path, content, position: 0, writes: 0 });
    return this.#lastHandle;
  }

  async #readWhole(path: string, signal: AbortSignal): Promise<Buffer> {
    const data = objectOf(
      await this.#ask(
        {
          method: 'GET',
          path: 'file-read',
          form: { file: path },
          maxBytes: maxAnswerBytes,
          timeoutMs: transferTimeoutMs,
        },
        'guest-file-read',
        signal,
      ),
      'The answer to file-read',
    );
    if (data['truncated'] === 1 || data['truncated'] === true)
      throw new OperationError('UNSUPPORTED_BY_AGENT', `Proxmox VE reads at most ${maxFileBytes} bytes of a file.`);
    return bytesOfText(textOf(data['content']));
  }

  #read(file: OpenFile, count: number): object {
    const bytes = (file.content ?? Buffer.of()).subarray(file.position, file.position + count);
    file.position += bytes.length;
    return { count: bytes.length, 'buf-b64': bytes.toString('base64'), eof: bytes.length < count };
  }

  #seek(file: OpenFile, { offset, whence }: Fields): object {
    const from = whence === 'end' ? (file.content?.length ?? 0) : whence === 'cur' ? file.position : 0;
    file.position = Math.max(0, from + Number(offset));
    return { position: file.position, eof: false };
  }

  async #write(file: OpenFile, base64: string, signal: AbortSignal): Promise<object> {
    const bytes = Buffer.from(base64, 'base64');
    await this.#append(file, bytes, signal);
    return { count: bytes.length, eof: false };
  }

  /** In halves where the form would be too long: some characters of base64 take three there. */
  async #append(file: OpenFile, bytes: Buffer, signal: AbortSignal): Promise<void> {
    const base64 = bytes.toString('base64');
    if (encodeURIComponent(base64).length > maxFormChars) {
      const half = bytes.length >> 1;
      await this.#append(file, bytes.subarray(0, half), signal);
      await this.#append(file, bytes.subarray(half), signal);
      return;
    }
    file.writes += 1;
    if (file.writes === 1) {
      await this.#put(file.path, base64, signal);
      return;
    }
    // A name that nobody in the guest can have taken before.
    const piece = `${file.path}.${randomBytes(8).toString('hex')}.piece`;
    await this.#put(piece, base64, signal);
    await this.#run(['/bin/sh', '-c', append, 'sh', piece, file.path], signal);
  }

  async #put(path: string, content: string, signal: AbortSignal): Promise<void> {
    const form = { file: path, content, encode: '0' };
    const request = { method: 'POST', path: 'file-write', form, timeoutMs: transferTimeoutMs } as const;
    await this.#ask(request, 'guest-file-write', signal);
  }

  async #run(command: readonly string[], signal: AbortSignal): Promise<void> {
    const started = await this.#ask({ method: 'POST', path: 'exec', form: { command } }, 'guest-exec', signal);
    const pid = wholeOf(objectOf(started, 'The answer to exec')['pid'], 'The pid', 2 ** 31 - 1);
    for (let waitMs = firstPollMs; ; waitMs = Math.min(lastPollMs, waitMs * 2)) {
      await pause(this.#clock, waitMs, signal);
      signal.throwIfAborted();
      const request = { method: 'GET', path: 'exec-status', form: { pid: String(pid) } } as const;
      const status = objectOf(await this.#ask(request, 'guest-exec-status', signal), 'The answer to exec-status');
      if (status['exited'] !== 1 && status['exited'] !== true) continue;
      if (status['exitcode'] === 0) return;
      throw new OperationError(
        'GUEST_IO',
        `The guest did not append to the file: ${textOf(status['err-data']).slice(0, 200)}`,
      );
    }
  }

  /** A file into which nothing was written is empty. */
  async #close(given: Fields, signal: AbortSignal): Promise<object> {
    const file = this.#file(given);
    this.#open.delete(Number(given['handle']));
    if (file.content === undefined && file.writes === 0) await this.#put(file.path, '', signal);
    return {};
  }

  #file({ handle }: Fields): OpenFile {
    const file = this.#open.get(Number(handle));
    if (file === undefined) throw new OperationError('GUEST_IO', `handle '${String(handle)}' has not been found`);
    return file;
  }
}
