import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { InnkeeperClient } from '@innkeeper/client';
import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';
import { formatBytes } from '../output/figures.ts';
import { ProgressLine } from '../output/progress-line.ts';
import { parseCopyPath } from '../parse-copy-path.ts';
import { writeAll } from '../write-all.ts';

/** `inn cp FROM TO` */
export async function run(command: Command, from: string, to: string): Promise<void> {
  const { client, options } = contextOf<{ readonly parents?: boolean }>(command);
  const source = parseCopyPath(from);
  const target = parseCopyPath(to);
  const meter = new Meter(options.quiet === true);
  const stop = new AbortController();
  // What is half done is taken away before we end.
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    if (source.vm !== undefined && target.vm === undefined)
      await download(client, source.vm, source.path, target.path, meter, stop.signal);
    else if (source.vm === undefined && target.vm !== undefined)
      await upload(client, source.path, target.vm, target.path, options.parents === true, meter, stop.signal);
    else throw new CliError('One of the two must be VM:/path, and the other a file here or "-".');
  } catch (error) {
    if (isOperationError(error) && error.reason === 'FILE_IS_DIRECTORY' && target.vm !== undefined)
      throw new OperationError(error.reason, error.message, { nextStep: `Copy into it: ${to}/` });
    throw error;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    meter.clear();
  }
}

async function download(
  client: InnkeeperClient,
  vm: string,
  path: string,
  target: string,
  meter: Meter,
  signal: AbortSignal,
): Promise<void> {
  const file = await client.readFile(vm, path, { sha256: true, signal });
  const hash = createHash('sha256');
  async function* counted(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of file.body) {
      hash.update(chunk);
      bytes += chunk.length;
      meter.update(bytes, file.sizeBytes);
      yield chunk;
    }
    const theirs = file.sha256();
    if (theirs !== undefined && theirs !== hash.digest('hex'))
      throw new OperationError('CHECKSUM_MISMATCH', `${path} arrived with another hash than it was sent with.`);
  }
  if (target === '-') {
    for await (const chunk of counted()) await writeAll(process.stdout, chunk);
    return;
  }
  const place = await placeIn(target, basename(path));
  const half = `${place}.inn-${process.pid}.part`;
  try {
    await pipeline(counted(), createWriteStream(half, { mode: file.mode & 0o777 }));
    await rename(half, place);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
}

async function upload(
  client: InnkeeperClient,
  path: string,
  vm: string,
  target: string,
  createParents: boolean,
  meter: Meter,
  signal: AbortSignal,
): Promise<void> {
  const name = path === '-' ? 'stdin' : basename(path);
  const remote = target.endsWith('/') ? `${target}${name}` : target;
  if (path === '-') {
    await client.writeFile(vm, remote, {
      createParents,
      signal,
      source: () => process.stdin as AsyncIterable<Uint8Array>,
      onProgress: (bytes) => meter.update(bytes, 0),
    });
    return;
  }
  const info = await stat(path);
  if (info.isDirectory()) throw new CliError(`${path} is a folder; files are copied one at a time.`);
  const hashOfAll = createHash('sha256');
  let hashed = 0;
  const { sha256 } = await client.writeFile(vm, remote, {
    uploadId: randomUUID(),
    sizeBytes: info.size,
    mode: info.mode & 0o777,
    createParents,
    signal,
    source: (offset) =>
      readFrom(path, offset, (chunk, at) => {
        // Bytes that are read again after an interruption are in the hash already.
        if (at + chunk.length <= hashed) return;
        hashOfAll.update(chunk.subarray(Math.max(0, hashed - at)));
        hashed = at + chunk.length;
      }),
    onProgress: (bytes) => meter.update(bytes, info.size),
  });
  if (sha256 !== '' && sha256 !== hashOfAll.digest('hex'))
    throw new OperationError('CHECKSUM_MISMATCH', `${remote} arrived with another hash than it was sent with.`);
}

async function* readFrom(
  path: string,
  offset: number,
  onChunk: (chunk: Uint8Array, at: number) => void,
): AsyncGenerator<Uint8Array> {
  let at = offset;
  for await (const chunk of createReadStream(path, {
    start: offset,
    highWaterMark: 256 * 1024,
  }) as AsyncIterable<Buffer>) {
    onChunk(chunk, at);
    at += chunk.length;
    yield chunk;
  }
}

/** A folder takes the file under its own name. */
async function placeIn(target: string, name: string): Promise<string> {
  try {
    if ((await stat(target)).isDirectory()) return `${target}/${name}`;
  } catch (error) {
    // A file that is not there yet is the usual target.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return target;
}

/** Bytes, share and rate on the terminal. */
class Meter {
  readonly #line: ProgressLine;
  readonly #startMs = performance.now();

  constructor(quiet: boolean) {
    this.#line = new ProgressLine(quiet);
  }

  update(bytes: number, total: number): void {
    const rate = bytes / Math.max(0.001, (performance.now() - this.#startMs) / 1000);
    const share = total > 0 ? ` of ${formatBytes(total)}, ${Math.floor((bytes / total) * 100)} %` : '';
    this.#line.update(`${formatBytes(bytes)}${share}, ${formatBytes(rate)}/s`);
  }

  clear(): void {
    this.#line.clear();
  }
}
