import { fromErrorBody } from '../errors.ts';
import { toOperationError } from './browser-errors.ts';

export interface HttpOptions {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'HEAD' | undefined;
  readonly csrfToken: string;
  readonly body?: RequestInit['body'] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One request to a route beside the RPCs. Resolves with a good answer only; rejects with the answer's error. */
export async function openHttp(
  path: string,
  { method = 'GET', csrfToken, body, signal }: HttpOptions,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { 'x-innkeeper-csrf': csrfToken },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw toOperationError(error);
  }
  if (response.ok) return response;
  const failure = response.headers.get('x-innkeeper-error') ?? (await response.text());
  throw fromErrorBody(failure, `The daemon answered ${response.status}.`);
}
