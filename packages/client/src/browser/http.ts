import { OperationError } from '@innkeeper/contract/errors';
import { onAbort } from '@innkeeper/kit';
import { abortError } from '../core/abort-error.ts';
import { fromErrorBody } from '../core/errors.ts';
import { toOperationError } from './errors.ts';

/** How a page reaches its daemon. */
export interface Origin {
  /** Sent with everything; empty before the login. */
  readonly csrfToken: () => string;
  /** Origin of the API, without a slash at its end. Empty: the page's own. */
  readonly baseUrl: string;
}

export interface HttpOptions {
  readonly method?: 'GET' | 'PUT' | 'HEAD' | undefined;
  readonly body?: Blob | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The header that tells a page's own requests from those that another site has its visitors send. */
const csrfHeader = 'x-innkeeper-csrf';

/** One request to a route beside the RPCs. Resolves with a good answer only; rejects with the answer's error. */
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
  const told = response.headers.get('x-innkeeper-error') ?? (await response.text());
  throw fromErrorBody(told, `The daemon answered ${response.status}.`);
}

/**
 * Sends a body, by XMLHttpRequest, since fetch does not report how much of a body was sent. Resolves with the text of the
 * answer; rejects with the answer's error, DAEMON_UNREACHABLE when the connection broke, CANCELED.
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
      else reject(fromErrorBody(request.responseText, `The daemon answered ${request.status}.`));
    };
    request.onerror = () => reject(new OperationError('DAEMON_UNREACHABLE', 'The upload was interrupted.'));
    request.onabort = () => reject(new OperationError('CANCELED', 'The upload was cancelled.'));
    request.onloadend = untie;
    request.send(body);
  });
}

/** The bytes of a body as they come. Whoever stops reading ends the transfer. */
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
