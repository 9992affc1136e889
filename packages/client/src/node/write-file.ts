import { Readable } from 'node:stream';
import { isOperationError } from '@innkeeper/contract/errors';
import { withDeadline } from '@innkeeper/kit';
import { filesUrl } from '../core/addresses.ts';
import { isLoss, Resume } from '../core/resume.ts';
import { timers } from '../core/time-and-chance.ts';
import { httpError, isUnreachable } from './errors.ts';
import { openHttp, textOf } from './open-http.ts';
import type { Server } from './server.ts';

/** Milliseconds for removing an incomplete upload, after which the caller gets its error. */
const discardTimeoutMs = 5000;

export interface WriteFileOptions {
  /** Returns the bytes from an offset on; called again when the upload resumes. */
  readonly source: (offset: number) => AsyncIterable<Uint8Array>;
  /** Identifies the upload, so that it can resume after an interruption. Absent: it cannot. */
  readonly uploadId?: string | undefined;
  /** Begin where an earlier upload with this id was cut off, for example because its process was killed. */
  readonly takeOver?: boolean | undefined;
  readonly sizeBytes?: number | undefined;
  /** Hex hash of the whole file; the guest fails with CHECKSUM_MISMATCH if it differs. */
  readonly sha256?: string | undefined;
  readonly mode?: number | undefined;
  /** Modification time in nanoseconds since 1970. Default: now. */
  readonly modifiedNs?: bigint | undefined;
  /** Leave holes where the content has blocks of zeros. */
  readonly sparse?: boolean | undefined;
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  readonly createParents?: boolean | undefined;
  readonly onProgress?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WrittenFile {
  readonly bytes: number;
  /** Hex hash computed by the guest; empty if it did not hash. */
  readonly sha256: string;
}

/** An error of the caller's source, which is never retried. */
class SourceFailure extends Error {
  override readonly name = 'SourceFailure';
}

/**
 * Uploads a file atomically: whole or not at all. With an `uploadId` it resumes at the guest's offset, also across a
 * restart of the daemon. Rejects with the guest's error, the source's error, DAEMON_UNREACHABLE or CANCELED.
 */
export async function writeFile(
  server: Server,
  vm: string,
  path: string,
  options: WriteFileOptions,
): Promise<WrittenFile> {
  try {
    return await tryToWrite(server, vm, path, options);
  } catch (error) {
    await discard(server, vm, path, options.uploadId, error);
    throw error;
  }
}

/** Removes what the guest has of an upload that has failed for good. Another session's upload is left alone. */
async function discard(
  server: Server,
  vm: string,
  path: string,
  uploadId: string | undefined,
  error: unknown,
): Promise<void> {
  if (uploadId === undefined || isUnreachable(error) || isLoss(error)) return;
  if (isOperationError(error) && error.reason === 'UPLOAD_BUSY') return;
  const query = new URLSearchParams({ path, upload: uploadId });
  try {
    const late = (): Error => new Error('the daemon did not answer in time');
    const path = filesUrl(vm, query);
    await withDeadline({ timers, timeoutMs: discardTimeoutMs, late }, async (signal) => {
      const { destroy } = await openHttp({ server, method: 'DELETE', path, signal });
      destroy();
    });
  } catch {
    // The caller gets the error that ended the upload; the guest removes the part after an hour.
  }
}

async function tryToWrite(server: Server, vm: string, path: string, options: WriteFileOptions): Promise<WrittenFile> {
  const query = queryOf(path, options);
  const { signal, uploadId } = options;
  let offset = 0;
  const resume = new Resume();
  let hasMoved = false;
  let hasAsked = false;
  for (;;) {
    try {
      if (resume.isLost || (options.takeOver === true && !hasAsked)) offset = await offsetOf(server, vm, query, signal);
      hasAsked = true;
      return await put(server, vm, query, offset, options, () => {
        hasMoved = true;
        resume.back();
      });
    } catch (error) {
      if (signal?.aborted !== true && error instanceof SourceFailure) throw error.cause;
      const failure = httpError(error, server, signal);
      if (signal?.aborted === true) throw failure;
      // A guest that was reset midway lost what it had received: begin again where it stands now.
      if (uploadId !== undefined && hasMoved && isOperationError(error) && error.reason === 'UPLOAD_GAP') {
        [hasAsked, hasMoved] = [false, false];
        await resume.pause(failure, signal);
        continue;
      }
      const gone = isUnreachable(error);
      // After a restart of the daemon, its agent may need a moment longer.
      const agentGone = resume.isLost && isOperationError(error) && error.reason === 'AGENT_UNREACHABLE';
      // A control plane that lost its node midway still responds.
      const nodeGone = hasMoved && isOperationError(error) && error.reason === 'NODE_UNREACHABLE';
      if (!gone && !agentGone && !nodeGone) throw failure;
      // Only a daemon that was lost midway is waited for, not one that was never reachable.
      if (uploadId === undefined || (!resume.isLost && wasNeverReachable(error))) throw failure;
      await resume.pause(failure, signal);
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
    'modified-ns': options.modifiedNs,
    sparse: options.sparse === true ? 1 : undefined,
    parents: options.createParents === true ? 1 : undefined,
  };
  for (const [name, value] of Object.entries(entries)) if (value !== undefined) query.set(name, `${value}`);
  return query;
}

/** How many bytes of an upload the guest has. */
async function offsetOf(
  server: Server,
  vm: string,
  query: URLSearchParams,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { response, destroy } = await openHttp({ server, method: 'HEAD', path: filesUrl(vm, query), signal });
  destroy();
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
      throw new SourceFailure('The upload’s source failed.', { cause: error });
    }
  }
  const { response, destroy } = await openHttp({
    server,
    method: 'PUT',
    path: filesUrl(vm, withOffset),
    headers: options.sha256 === undefined ? {} : { 'x-innkeeper-sha256': options.sha256 },
    body: Readable.from(counted(), { objectMode: false, highWaterMark: 256 * 1024 }),
    signal: options.signal,
  });
  try {
    return JSON.parse(await textOf(response)) as WrittenFile;
  } finally {
    destroy();
  }
}

function wasNeverReachable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED');
}
