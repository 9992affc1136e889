import { controlClient, type Origin, pageCalls } from '@innkeeper/client/browser';

let csrfToken = '';

/** The daemon that serves this page, as whoever is logged in. */
export const origin: Origin = { csrfToken: () => csrfToken, baseUrl: '' };

export const calls = pageCalls(origin);

/**
 * The control plane's services. Every call takes `{ signal }`; every error is an OperationError. The half of the client
 * that works inside of VMs is `guest`, which the first page does without.
 */
export const api = controlClient(calls);

/** What the login answered, sent with everything that changes something. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}
