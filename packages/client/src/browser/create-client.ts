import { type CommonClient, makeClient } from '../core/client.ts';
import type { PageFileContents } from './files.ts';
import type { Origin } from './http.ts';
import { pagePlatform } from './page-platform.ts';

export type ClientOptions = Pick<Origin, 'csrfToken'> & Partial<Origin>;

/** The control plane's API in a browser, as `createClient` gives it in Node; contents of files are Blobs. */
export type InnkeeperClient = CommonClient<PageFileContents>;

/** For a page that the daemon, or a proxy before it, serves: the session's cookie goes along. Default: its own origin. */
export function createClient({ csrfToken, baseUrl = '' }: ClientOptions): InnkeeperClient {
  return makeClient(pagePlatform({ csrfToken, baseUrl }));
}
