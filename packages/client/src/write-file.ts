import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { isOperationError } from '@innkeeper/contract/errors';
import { abortError } from './abort-error.ts';
import { fromErrorBody, isUnreachable, unreachableError } from './errors.ts';
import { filesUrl } from './files-url.ts';
import { exchange, textOf } from './http-exchange.ts';
import type { Server } from './server.ts';

/** Milliseconds that an interrupted upload waits for its daemon, and the agent, to come back. */
const returnWithinMs = 60_000;
const retryAfterMs = 200;

export interface WriteFileOptions {
  /** Gives the bytes from an offset on; called again when the upload resumes. */
  readonly source: (offset: number) => AsyncIterable<Uint8Array>;
  /** Names the upload, so that it can go on after an interruption. Absent: it cannot. */
  readonly uploadId?: string | undefined;
  readonly sizeBytes?: number | undefined;
  /** Hex, of the whole file: the guest refuses anything else with CHECKSUM_MISMATCH. */
  readonly sha256?: string | undefined;
  readonly mode?: number | undefined;
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  readonly createParents?: boolean | undefined;
  readonly onProgress?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WrittenFile {
  readonly bytes: number;
  /** Hex, by the guest; empty where it did not hash. */
  readonly sha256: string;
}

/** An error of the caller's own source, which is never a reason to try again. */
class SourceFailure extends Error {
  override readonly name = 'SourceFailure';
}

/**
 * Uploads a file; it appears whole or not at all. With an `uploadId` it goes on from where the guest is, also over a
 * restart of the daemon. Rejects with the guest's error, the source's own, DAEMON_UNREACHABLE or CANCELED.
 */
export async function writeFile(
  server: Server,
  vm: string,
  path: string,
  options: WriteFileOptions,
): Promise<WrittenFile> {
  const query = queryOf(path, options);
  const { signal, uploadId } = options;
  let offset = 0;
  let lostSinceMs: number | undefined;
  let hasMoved = false;
  for (;;) {
    try {
      if (lostSinceMs !== undefined) offset = await offsetOf(server, vm, query, signal);
      return await put(server, vm, query, offset, options, () => {
        hasMoved = true;
        lostSinceMs = undefined;
      });
    } catch (error) {
      if (signal?.aborted === true) throw abortError(signal);
      if (error instanceof SourceFailure) throw error.cause;
      const gone = isUnreachable(error);
      // After a restart of the daemon its agent may take a moment longer.
      const agentGone = lostSinceMs !== undefined && isOperationError(error) && error.reason === 'AGENT_UNREACHABLE';
      // A control plane that lost its node in the middle is there itself.
      const nodeGone = hasMoved && isOperationError(error) && error.reason === 'NODE_UNREACHABLE';
      if (!gone && !agentGone && !nodeGone) throw error;
      const failure = gone ? unreachableError(server, error) : error;
      // A daemon that was never there is not waited for; one that went away in the middle is.
      if (uploadId === undefined || (lostSinceMs === undefined && wasNeverThere(error))) throw failure;
      lostSinceMs ??= performance.now();
      if (performance.now() - lostSinceMs > returnWithinMs) throw failure;
      // Its rejection is the abort's, which the next try throws.
      await delay(retryAfterMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    }
  }
}

function queryOf(path: string, options: WriteFileOptions): URLSearchParams {
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
  return query;
}

/** Where the guest is with an upload. */
async function offsetOf(
  server: Server,
  vm: string,
  query: URLSearchParams,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { response, destroy } = await exchange({ server, method: 'HEAD', path: filesUrl(vm, query), signal });
  destroy();
  if (response.statusCode !== 200)
    throw fromErrorBody(`${response.headers['x-innkeeper-error']}`, `The daemon answered ${response.statusCode}.`);
  return Number(response.headers['x-innkeeper-offset'] ?? 0);
}

async function put(
  server: Server,
  vm: string,
  query: URLSearchParams,
  offset: number,
  options: WriteFileOptions,
  onMoved: () => void,
): Promise<WrittenFile> {
  const withOffset = new URLSearchParams(query);
  if (offset > 0) withOffset.set('offset', `${offset}`);
  async function* counted(): AsyncGenerator<Uint8Array> {
    let sent = offset;
    try {
      for await (const chunk of options.source(offset)) {
        yield chunk;
        sent += chunk.length;
        onMoved();
        options.onProgress?.(sent);
      }
    } catch (error) {
      throw new SourceFailure('The source broke.', { cause: error });
    }
  }
  const { response, destroy } = await exchange({
    server,
    method: 'PUT',
    path: filesUrl(vm, withOffset),
    headers: options.sha256 === undefined ? {} : { 'x-innkeeper-sha256': options.sha256 },
    body: Readable.from(counted(), { objectMode: false, highWaterMark: 256 * 1024 }),
    signal: options.signal,
  });
  try {
    const text = await textOf(response);
    if (response.statusCode !== 200) throw fromErrorBody(text, `The daemon answered ${response.statusCode}.`);
    return JSON.parse(text) as WrittenFile;
  } finally {
    destroy();
  }
}

function wasNeverThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED');
}
