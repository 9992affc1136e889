import { type CommonClient, makeClient } from '../core/client.ts';
import type { PageFileContents } from './files.ts';
import type { Origin } from './http.ts';
import { pagePlatform } from './page-platform.ts';

export type ClientOptions = Pick<Origin, 'csrfToken'> & Partial<Origin>;

/** The control plane's API in a browser, the same as in Node except that file contents are Blobs. */
export type InnkeeperClient = CommonClient<PageFileContents>;

/**
 * Makes a client for a page served by the daemon or by a proxy in front of it; requests carry the session cookie.
 * `baseUrl` defaults to the page's own origin.
 */
export function createClient({ csrfToken, baseUrl = '' }: ClientOptions): InnkeeperClient {
  return makeClient(pagePlatform({ csrfToken, baseUrl }));
}
