import { abortError } from '../core/abort-error.ts';
import { filesUrl } from '../core/addresses.ts';
import { Resume } from '../core/resume.ts';
import { toOperationError } from './errors.ts';
import { type Origin, openHttp, putBody } from './http.ts';

/** Smaller ones begin at 0 without asking where the guest is. */
const worthAskingBytes = 256 * 1024;
/** What breaks the way and not the file: worth going on by itself. */
const passing: ReadonlySet<string> = new Set([
  'DAEMON_UNREACHABLE',
  'NODE_UNREACHABLE',
  'AGENT_UNREACHABLE',
  'AGENT_RESTARTED',
]);

export interface UploadOptions {
  /** Names the upload: one that broke off goes on under the same name, within a day. */
  readonly uploadId: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes that were sent, from the beginning of the file. */
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
  /** Called when it broke off and will go on by itself. */
  readonly onInterruption?: (() => void) | undefined;
}

/**
 * Uploads a file; it appears whole or not at all. One that breaks off asks where the guest is and goes on there, as long
 * as something arrives within a minute. Rejects with the guest's error, DAEMON_UNREACHABLE or CANCELED.
 */
export async function uploadFile(
  origin: Origin,
  vm: string,
  path: string,
  body: Blob,
  { uploadId, signal, onProgress, onInterruption }: UploadOptions,
): Promise<void> {
  const query = new URLSearchParams({ path, upload: uploadId, size: `${body.size}` });
  const resume = new Resume();
  let reached = -1;
  for (;;) {
    try {
      const offset = body.size < worthAskingBytes ? 0 : await offsetOf(origin, vm, query, signal);
      if (offset > reached) resume.back();
      reached = Math.max(reached, offset);
      const address = filesUrl(vm, new URLSearchParams([...query, ['offset', `${offset}`]]));
      onProgress?.(offset);
      await putBody(origin, address, body.slice(offset), {
        signal,
        onProgress: (sent) => onProgress?.(offset + sent),
      });
      return;
    } catch (cause) {
      if (signal?.aborted === true) throw abortError(signal);
      const error = toOperationError(cause);
      if (!passing.has(error.reason)) throw error;
      onInterruption?.();
      await resume.pause(error, signal);
    }
  }
}

/** Where the guest is with an upload; 0 when it has nothing of it. */
async function offsetOf(
  origin: Origin,
  vm: string,
  query: URLSearchParams,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { headers } = await openHttp(origin, filesUrl(vm, query), { method: 'HEAD', signal });
  return Math.min(Number(headers.get('x-innkeeper-offset') ?? 0), Number(query.get('size')));
}
