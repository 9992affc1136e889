import { abortError } from '../core/abort-error.ts';
import { filesUrl } from '../core/addresses.ts';
import { Resume } from '../core/resume.ts';
import { toOperationError } from './errors.ts';
import { type Origin, openHttp, putBody } from './http.ts';

/** Smaller files start at 0 without first asking the guest how much it has. */
const minResumableBytes = 256 * 1024;
/** Errors of the connection, after which the upload resumes automatically. */
const transient: ReadonlySet<string> = new Set([
  'DAEMON_UNREACHABLE',
  'NODE_UNREACHABLE',
  'AGENT_UNREACHABLE',
  'AGENT_RESTARTED',
]);

export interface UploadOptions {
  /** Identifies the upload: an interrupted upload can be resumed under the same id for an hour. */
  readonly uploadId: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes sent, counted from the beginning of the file. */
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
  /** Called when the upload was interrupted and will resume automatically. */
  readonly onInterruption?: (() => void) | undefined;
}

/**
 * Uploads a file atomically: whole or not at all. After an interruption it asks the guest how much it has and resumes
 * there, as long as there is progress within 60 s. Rejects with the guest's error, DAEMON_UNREACHABLE or CANCELED.
 */
export async function uploadFile(
  origin: Origin,
  vm: string,
  path: string,
  body: Blob,
  options: UploadOptions,
): Promise<void> {
  const query = new URLSearchParams({ path, upload: options.uploadId, size: `${body.size}` });
  const addressOf = (more: Readonly<Record<string, string>>): string =>
    filesUrl(vm, new URLSearchParams({ ...Object.fromEntries(query), ...more }));
  try {
    await upload(origin, addressOf, body, options);
  } catch (error) {
    if (options.signal?.aborted === true) void discard(origin, addressOf({}));
    throw error;
  }
}

/**
 * Uploads a disk image to the node, from where `addImage` with the same upload id makes an image of it. Resumes as
 * `uploadFile` does. Rejects with the node's error, DAEMON_UNREACHABLE or CANCELED.
 */
export async function uploadImage(origin: Origin, body: Blob, options: UploadOptions): Promise<void> {
  const address = `/v1/image-uploads/${encodeURIComponent(options.uploadId)}`;
  await upload(origin, (more) => `${address}?${new URLSearchParams({ ...more })}`, body, options);
}

async function upload(
  origin: Origin,
  addressOf: (parameters: Readonly<Record<string, string>>) => string,
  body: Blob,
  { signal, onProgress, onInterruption }: Omit<UploadOptions, 'uploadId'>,
): Promise<void> {
  const resume = new Resume();
  let reached = -1;
  for (;;) {
    try {
      const offset = body.size < minResumableBytes ? 0 : await offsetOf(origin, addressOf({}), body.size, signal);
      if (offset > reached) resume.back();
      reached = Math.max(reached, offset);
      const address = addressOf({ offset: `${offset}` });
      onProgress?.(offset);
      await putBody(origin, address, body.slice(offset), {
        signal,
        onProgress: (sent) => onProgress?.(offset + sent),
      });
      return;
    } catch (cause) {
      if (signal?.aborted === true) throw abortError(signal);
      const error = toOperationError(cause);
      if (!transient.has(error.reason)) throw error;
      onInterruption?.();
      await resume.pause(error, signal);
    }
  }
}

/** How many bytes of an upload the guest has; 0 if none. */
async function offsetOf(
  origin: Origin,
  address: string,
  size: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { headers } = await openHttp(origin, address, { method: 'HEAD', signal });
  return Math.min(Number(headers.get('x-innkeeper-offset') ?? 0), size);
}

/** Removes what the guest has of a canceled upload. Without success it is removed by the guest after an hour. */
async function discard(origin: Origin, address: string): Promise<void> {
  await openHttp(origin, address, { method: 'DELETE' }).catch(() => undefined);
}
