import { createBrowserClient, openHttp } from '@innkeeper/client/browser';

let csrfToken = '';

/** The API, as whoever is logged in. Every call takes `{ signal }`; every error is an OperationError. */
export const api = createBrowserClient({ csrfToken: () => csrfToken, baseUrl: '' });

/** What the login answered, sent with everything that changes something. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

/** A route beside the RPCs: files, outputs, exports. Rejects with the answer's error. */
export function http(path: string, options: Omit<Parameters<typeof openHttp>[1], 'csrfToken'> = {}): Promise<Response> {
  return openHttp(path, { ...options, csrfToken });
}
