import { controlClient, type Origin, pageCalls } from '@innkeeper/client/browser';

let csrfToken = '';

/** The daemon that serves this page; requests carry the logged-in user's session. */
export const origin: Origin = { csrfToken: () => csrfToken, baseUrl: '' };

export const calls = pageCalls(origin);

/**
 * The control plane's services. Every call takes `{ signal }`; every error is an OperationError. The half of the client
 * that works inside VMs is `guest`, which the first page does not load.
 */
export const api = controlClient(calls);

/** Sets the CSRF token returned by the login, which is sent with every call. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}
