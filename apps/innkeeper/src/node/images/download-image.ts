import { open } from 'node:fs/promises';
import { OperationError } from '@innkeeper/contract';
import { errorMessage, linkSignals } from '@innkeeper/kit';
import type { StagedOptions } from './image-tools.ts';

/** A server that sends nothing for this long is given up. */
const stalledMs = 60_000;
const userAgent = 'innkeeper';

/** The URL if it can be downloaded from. Fails with INVALID_ARGUMENT. */
export function checkDownloadUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return url;
  throw new OperationError('INVALID_ARGUMENT', `"${url.slice(0, 200)}" is not an http or https URL.`);
}

/**
 * Downloads a URL to a new file, with its progress. Fails with IMAGE_DOWNLOAD_FAILED, which says why, or with the signal's
 * reason.
 */
export async function downloadImage(url: string, path: string, { signal, onStage }: StagedOptions): Promise<void> {
  const what = `Download ${new URL(url).hostname}`;
  onStage?.(what);
  const either = linkSignals(signal);
  const timer = setTimeout(() => either.abort(new Error(`nothing arrived for ${stalledMs / 1000} s`)), stalledMs);
  const file = await open(path, 'wx', 0o600);
  try {
    const response = await fetch(url, { signal: either.signal, headers: { 'user-agent': userAgent } });
    if (!response.ok || response.body === null) throw new Error(`the server answered with status ${response.status}`);
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    let at = 0;
    for await (const piece of response.body) {
      timer.refresh();
      await file.write(piece, 0, piece.length, at);
      at += piece.length;
      onStage?.(what, Number.isFinite(length) && length > 0 ? Math.min(at / length, 1) : undefined);
    }
    if (Number.isFinite(length) && response.headers.get('content-encoding') === null && at < length)
      throw new Error(`the download ended after ${at} of ${length} bytes`);
  } catch (error) {
    signal?.throwIfAborted();
    const why = either.signal.aborted ? errorMessage(either.signal.reason) : whyOf(error);
    throw new OperationError('IMAGE_DOWNLOAD_FAILED', `${url.slice(0, 200)} could not be downloaded: ${why}.`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    either.unlink();
    await file.close();
  }
}

/** fetch() hides the error of the connection behind "fetch failed". */
function whyOf(error: unknown): string {
  return errorMessage(error instanceof Error && error.cause !== undefined ? error.cause : error);
}
