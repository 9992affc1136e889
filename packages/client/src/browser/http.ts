import { OperationError } from '@innkeeper/contract/errors';
import { onAbort } from '@innkeeper/kit';
import { abortError } from '../core/abort-error.ts';
import { fromErrorBody } from '../core/errors.ts';
import { toOperationError } from './errors.ts';

/** Where a page's daemon is, and the token it requires. */
export interface Origin {
  /** Sent with every request; empty before login. */
  readonly csrfToken: () => string;
  /** Origin of the API, without a trailing slash. Empty: the page's own origin. */
  readonly baseUrl: string;
}

export interface HttpOptions {
  readonly method?: 'GET' | 'PUT' | 'HEAD' | 'DELETE' | undefined;
  readonly body?: Blob | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The header that proves that a request comes from this page and not from another site. */
const csrfHeader = 'x-innkeeper-csrf';

/**
 * Sends one request to an HTTP route that is not an RPC. Resolves with a 2xx response only; otherwise rejects with the
 * error in the response.
 */
export async function openHttp(
  { csrfToken, baseUrl }: Origin,
  path: string,
  { method = 'GET', body, signal }: HttpOptions = {},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { [csrfHeader]: csrfToken() },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw toOperationError(error);
  }
  if (response.ok) return response;
  const text = response.headers.get('x-innkeeper-error') ?? (await response.text());
  throw fromErrorBody(text, `The daemon responded with HTTP status ${response.status}.`);
}

/**
 * Sends a body by XMLHttpRequest, since fetch does not report upload progress. Resolves with the response text; rejects
 * with the error in the response, with DAEMON_UNREACHABLE when the connection broke, or with CANCELED.
 */
export function putBody(
  { csrfToken, baseUrl }: Origin,
  path: string,
  body: Blob,
  { signal, onProgress }: { readonly signal?: AbortSignal | undefined; readonly onProgress?: (sent: number) => void },
): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(abortError(signal));
      return;
    }
    const request = new XMLHttpRequest();
    const untie = onAbort(signal, () => request.abort());
    request.open('PUT', `${baseUrl}${path}`);
    request.setRequestHeader(csrfHeader, csrfToken());
    request.upload.onprogress = ({ loaded }) => onProgress?.(loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(request.responseText);
      else reject(fromErrorBody(request.responseText, `The daemon responded with HTTP status ${request.status}.`));
    };
    request.onerror = () => reject(new OperationError('DAEMON_UNREACHABLE', 'The upload was interrupted.'));
    request.onabort = () => reject(new OperationError('CANCELED', 'The upload was cancelled.'));
    request.onloadend = untie;
    request.send(body);
  });
}

/** Yields the bytes of a body as they arrive. Leaving the iteration ends the transfer. */
export async function* bytesOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw toOperationError(error);
  } finally {
    await reader.cancel();
  }
}
