import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fromErrorBody, isUnreachable, unreachableError } from './errors.ts';

/** Milliseconds that an interrupted upload waits for its daemon to come back. */
const returnWithinMs = 60_000;

export interface ReadFileOptions {
  readonly offset?: number | undefined;
  /** Have the guest hash what it sends; `RemoteFile.sha256()` gives it at the end. */
  readonly sha256?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file on its way out of a guest. */
export interface RemoteFile {
  /** As stat says; 0 where the guest does not know, as in /proc. */
  readonly sizeBytes: number;
  readonly mode: number;
  readonly modifiedNs: bigint;
  readonly body: AsyncIterable<Uint8Array>;
  /** Hex, once the body was read to its end; undefined when it was not asked for or the reading had to resume. */
  sha256(): string | undefined;
}

export interface WriteFileOptions {
  /** Gives the bytes from an offset on; called again when the upload resumes. */
  readonly source: (offset: number) => AsyncIterable<Uint8Array>;
  /** Names the upload, so that it can go on after an interruption. Absent: it cannot. */
  readonly uploadId?: string | undefined;
  readonly sizeBytes?: number | undefined;
  readonly mode?: number | undefined;
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  readonly createParents?: boolean | undefined;
  readonly onProgress?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Streams a file of a guest. Rejects with the guest's error; the body rejects when it breaks midway. */
export async function readFile(
  socketPath: string,
  vm: string,
  path: string,
  options: ReadFileOptions = {},
): Promise<RemoteFile> {
  const query = new URLSearchParams({
    path,
    ...(options.offset === undefined ? {} : { offset: `${options.offset}` }),
    ...(options.sha256 === true ? { sha256: '1' } : {}),
  });
  const response = await exchange(socketPath, 'GET', filesUrl(vm, query), undefined, options.signal);
  if (response.statusCode !== 200)
    throw fromErrorBody(await textOf(response), `The daemon answered ${response.statusCode}.`);
  async function* body(): AsyncGenerator<Uint8Array> {
    for await (const chunk of response) yield chunk as Uint8Array;
    const broken = response.trailers['x-innkeeper-error'];
    if (broken !== undefined) throw fromErrorBody(broken, 'The reading broke.');
  }
  return {
    sizeBytes: Number(response.headers['x-innkeeper-size'] ?? 0),
    mode: Number.parseInt(`${response.headers['x-innkeeper-mode'] ?? '644'}`, 8),
    modifiedNs: BigInt(`${response.headers['x-innkeeper-modified-ns'] ?? 0}`),
    body: body(),
    sha256: () => response.trailers['x-innkeeper-sha256'],
  };
}

/** Uploads a file. With an `uploadId` it goes on from where the guest is, also over a restart of the daemon. */
export async function writeFile(
  socketPath: string,
  vm: string,
  path: string,
  options: WriteFileOptions,
): Promise<{ bytes: number; sha256: string }> {
  const query = new URLSearchParams({ path });
  const entries = {
    upload: options.uploadId,
    size: options.sizeBytes,
    mode: options.mode?.toString(8),
    user: options.user,
    group: options.group,
    parents: options.createParents === true ? 1 : undefined,
  };
  for (const [name, value] of Object.entries(entries)) if (value !== undefined) query.set(name, `${value}`);
  const deadline = performance.now() + returnWithinMs;
  for (let first = true; ; first = false) {
    try {
      const offset = first ? 0 : await offsetOf(socketPath, vm, query, options.signal);
      return await put(socketPath, vm, query, offset, options);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      // A daemon that was never there is not waited for; one that went away in the middle is.
      if (options.uploadId === undefined || (first && wasNeverThere(error)) || performance.now() > deadline)
        throw unreachableError(socketPath, error);
      await delay(200, undefined, options.signal === undefined ? {} : { signal: options.signal });
    }
  }
}

/** Where the guest is with an upload. */
async function offsetOf(
  socketPath: string,
  vm: string,
  query: URLSearchParams,
  signal: AbortSignal | undefined,
): Promise<number> {
  const response = await exchange(socketPath, 'HEAD', filesUrl(vm, query), undefined, signal);
  response.resume();
  return Number(response.headers['x-innkeeper-offset'] ?? 0);
}

async function put(
  socketPath: string,
  vm: string,
  query: URLSearchParams,
  offset: number,
  options: WriteFileOptions,
): Promise<{ bytes: number; sha256: string }> {
  const withOffset = new URLSearchParams(query);
  if (offset > 0) withOffset.set('offset', `${offset}`);
  async function* counted(): AsyncGenerator<Uint8Array> {
    let sent = offset;
    for await (const chunk of options.source(offset)) {
      yield chunk;
      sent += chunk.length;
      options.onProgress?.(sent);
    }
  }
  const response = await exchange(
    socketPath,
    'PUT',
    filesUrl(vm, withOffset),
    Readable.from(counted(), { objectMode: false, highWaterMark: 256 * 1024 }),
    options.signal,
  );
  const text = await textOf(response);
  if (response.statusCode !== 200) throw fromErrorBody(text, `The daemon answered ${response.statusCode}.`);
  return JSON.parse(text) as { bytes: number; sha256: string };
}

function wasNeverThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED');
}

function filesUrl(vm: string, query: URLSearchParams): string {
  return `/v1/vms/${encodeURIComponent(vm)}/files?${query}`;
}

/** One request over the unix socket; resolves with the answer's head. */
async function exchange(
  socketPath: string,
  method: string,
  path: string,
  body: Readable | undefined,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const outgoing = request({ socketPath, method, path, agent: false, ...(signal === undefined ? {} : { signal }) });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', (error) =>
      reject(isUnreachable(error) && method === 'GET' ? unreachableError(socketPath, error) : error),
    );
  });
  if (body === undefined) outgoing.end();
  else await sendBody(body, outgoing, answered);
  return await answered;
}

/** A daemon that refuses answers before it has read everything: then its answer counts, not the broken pipe. */
async function sendBody(body: Readable, outgoing: ClientRequest, answered: Promise<IncomingMessage>): Promise<void> {
  const sent = pipeline(body, outgoing).catch(async (error: unknown) => {
    await Promise.race([answered, delay(200)]);
    throw error;
  });
  // Whichever comes first; the other is looked at by the caller, or is of no more interest.
  sent.catch(() => undefined);
  await Promise.race([sent, answered]);
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
